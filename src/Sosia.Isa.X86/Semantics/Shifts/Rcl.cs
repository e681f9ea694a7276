using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>RCL: CF and the operand rotate left together; OF is what a rotation by 1 would leave, and stays after whole turns (Intel processors).</summary>
internal readonly struct Rcl : IShift
{
    /// <inheritdoc/>
    public static bool KeepsResultFlags => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Result<S, V>(ref S s, V a, V count)
        where S : struct, ISemantics<V>
    {
        if (s.Bits == 64)
        {
            V back = s.Subtract(s.Constant(64), count);
            V low = s.Or(s.ShiftLeft(FlagMath.Cf<S, V>(ref s), s.Subtract(count, s.Constant(1))), s.ShiftRight(s.ShiftRight(a, s.Constant(1)), back));
            return s.Select(count, s.Or(s.ShiftLeft(a, count), low), a);
        }

        return s.Truncate(ThroughCarry.Left(ref s, a, ThroughCarry.Modulo(ref s, count)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Carries<S, V>(ref S s, V a, V count, V result)
        where S : struct, ISemantics<V>
    {
        V modulo = ThroughCarry.Modulo(ref s, count);
        V cf = s.Bits == 64
            ? s.ShiftRight(a, s.Subtract(s.Constant(64), count))
            : s.ShiftRight(ThroughCarry.Left(ref s, a, modulo), s.Constant((ulong)s.Bits));
        cf = s.And(cf, s.Constant(1));
        V of = s.Select(modulo, ShiftOverflow.Left(ref s, a), FlagMath.Of<S, V>(ref s));
        return FlagMath.Carries(ref s, cf, of, s.Constant(0));
    }
}
