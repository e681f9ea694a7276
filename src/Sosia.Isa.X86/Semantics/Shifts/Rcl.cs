using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>RCL: CF and the operand rotate left together; OF is the new CF xor the result's sign.</summary>
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
        V cf = s.Bits == 64
            ? s.ShiftRight(a, s.Subtract(s.Constant(64), count))
            : s.ShiftRight(ThroughCarry.Left(ref s, a, ThroughCarry.Modulo(ref s, count)), s.Constant((ulong)s.Bits));
        V sign = s.ShiftRight(result, s.Constant((ulong)(s.Bits - 1)));
        return s.Or(s.ShiftLeft(cf, s.Constant(63)), s.ShiftLeft(sign, s.Constant(62)));
    }
}
