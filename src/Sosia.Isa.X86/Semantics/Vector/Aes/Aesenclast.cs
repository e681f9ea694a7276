using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>AESENCLAST.</summary>
internal readonly struct Aesenclast : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Aes.IsSupported ? Aes.EncryptLast(destination, source) : PortableAes.EncryptLast(destination, source);
}
