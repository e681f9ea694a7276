using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>AESDECLAST.</summary>
internal readonly struct Aesdeclast : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Aes.IsSupported ? Aes.DecryptLast(destination, source) : PortableAes.DecryptLast(destination, source);
}
