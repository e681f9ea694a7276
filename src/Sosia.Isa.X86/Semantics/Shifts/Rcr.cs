using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>RCR: CF and the operand rotate right together; OF is the xor of the result's two highest bits.</summary>
internal readonly struct Rcr : IShift
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
            V high = s.Or(s.ShiftLeft(FlagMath.Cf<S, V>(ref s), back), s.ShiftLeft(s.ShiftLeft(a, s.Constant(1)), back));
            return s.Select(count, s.Or(s.ShiftRight(a, count), high), a);
        }

        return s.Truncate(ThroughCarry.Right(ref s, a, ThroughCarry.Modulo(ref s, count)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Carries<S, V>(ref S s, V a, V count, V result)
        where S : struct, ISemantics<V>
    {
        V cf = s.Bits == 64
            ? s.ShiftRight(a, s.Subtract(count, s.Constant(1)))
            : s.ShiftRight(ThroughCarry.Right(ref s, a, ThroughCarry.Modulo(ref s, count)), s.Constant((ulong)s.Bits));
        cf = s.And(cf, s.Constant(1));
        V top = s.ShiftRight(result, s.Constant((ulong)(s.Bits - 2)));
        V of = s.And(s.Xor(top, s.ShiftRight(top, s.Constant(1))), s.Constant(1));
        return FlagMath.Carries(ref s, cf, of, s.Constant(0));
    }
}
