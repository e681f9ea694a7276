using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>ROL: CF is the result's lowest bit; OF is CF xor the result's sign.</summary>
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
        // CF xor OF is the sign.
        V sign = s.ShiftRight(result, s.Constant((ulong)(s.Bits - 1)));
        return s.Or(s.ShiftLeft(result, s.Constant(63)), s.ShiftLeft(sign, s.Constant(62)));
    }
}
