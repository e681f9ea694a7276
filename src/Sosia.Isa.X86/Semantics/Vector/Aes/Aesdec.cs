using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>AESDEC.</summary>
internal readonly struct Aesdec : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Aes.IsSupported ? Aes.Decrypt(destination, source) : PortableAes.Decrypt(destination, source);
}
