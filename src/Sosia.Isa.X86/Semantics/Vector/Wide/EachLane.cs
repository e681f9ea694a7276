using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The same thing in both halves. The upper half uses the immediate's bits from a number on.</summary>
internal readonly struct EachLane<TInsn, TCount> : IWide
    where TInsn : struct, IVectorImmediate
    where TCount : struct, IConstantInteger
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
        => Vector256.Create(
            TInsn.Compute(first.GetLower(), source.GetLower(), immediate),
            TInsn.Compute(first.GetUpper(), source.GetUpper(), (byte)(immediate >> TCount.Value)));
}
