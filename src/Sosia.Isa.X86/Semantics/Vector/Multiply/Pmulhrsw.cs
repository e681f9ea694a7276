using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMULHRSW: products of signed words as 1.15 fractions, rounded.</summary>
internal readonly struct Pmulhrsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Ssse3.IsSupported
            ? Ssse3.MultiplyHighRoundScale(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.MultiplyRoundScale(destination, source);
}
