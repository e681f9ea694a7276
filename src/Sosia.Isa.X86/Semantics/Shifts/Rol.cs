using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>ROL: CF is the result's lowest bit; OF is what a rotation by 1 would leave, for every count, but a register rotated by another immediate leaves it alone (Intel processors).</summary>
internal readonly struct Rol : IShift
{
    /// <inheritdoc/>
    public static bool KeepsResultFlags => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Result<S, V>(ref S s, V a, V count)
        where S : struct, ISemantics<V>
    {
        V modulo = s.And(count, s.Constant((ulong)(s.Bits - 1)));
        V back = s.And(s.Subtract(s.Constant((ulong)s.Bits), modulo), s.Constant((ulong)(s.Bits - 1)));
        return s.Truncate(s.Or(s.ShiftLeft(a, modulo), s.ShiftRight(a, back)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Carries<S, V>(ref S s, V a, V count, V result)
        where S : struct, ISemantics<V>
    {
        V cf = s.And(result, s.Constant(1));
        V of = ShiftOverflow.Left(ref s, a);
        of = s.SourceIsImmediate && s.DestinationIsRegister ? s.Select(s.Equal(count, s.Constant(1)), of, FlagMath.Of<S, V>(ref s)) : of;
        return FlagMath.Carries(ref s, cf, of, s.Constant(0));
    }
}
