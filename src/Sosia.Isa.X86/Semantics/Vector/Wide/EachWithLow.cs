using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The same thing in both halves with the source's low half, as shifts with their count.</summary>
internal readonly struct EachWithLow<TInsn> : IWide
    where TInsn : struct, IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
        => Vector256.Create(
            TInsn.Compute(first.GetLower(), source.GetLower(), immediate),
            TInsn.Compute(first.GetUpper(), source.GetLower(), immediate));
}
