using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>AESIMC.</summary>
internal readonly struct Aesimc : IVectorUnary
{
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Aes.IsSupported ? Aes.InverseMixColumns(source) : PortableAes.InverseMixColumns(source);
}
