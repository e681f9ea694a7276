using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>AESENC.</summary>
internal readonly struct Aesenc : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Aes.IsSupported ? Aes.Encrypt(destination, source) : PortableAes.Encrypt(destination, source);
}
