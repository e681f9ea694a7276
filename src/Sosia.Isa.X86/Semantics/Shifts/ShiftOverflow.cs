using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>
/// OF of shifts and rotations. The manual defines it for a count of 1 only; for all others Intel processors leave what a count of 1 would
/// (observed on the host with random operands).
/// </summary>
internal static class ShiftOverflow
{
    /// <summary>Leftwards: the sign changes in the first step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Left<S, V>(ref S s, V a)
        where S : struct, ISemantics<V>
    {
        V top = s.ShiftRight(a, s.Constant((ulong)(s.Bits - 2)));
        return s.And(s.Xor(top, s.ShiftRight(top, s.Constant(1))), s.Constant(1));
    }

    /// <summary>Rightwards: the sign differs from the bit that comes in first, which is the lowest of <paramref name="incoming"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Right<S, V>(ref S s, V a, V incoming)
        where S : struct, ISemantics<V>
        => s.And(s.Xor(s.ShiftRight(a, s.Constant((ulong)(s.Bits - 1))), incoming), s.Constant(1));
}
