using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>ROR: CF is the result's sign; OF is the xor of its two highest bits.</summary>
internal readonly struct Ror : IShift
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
        return s.Truncate(s.Or(s.ShiftRight(a, modulo), s.ShiftLeft(a, back)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Carries<S, V>(ref S s, V a, V count, V result)
        where S : struct, ISemantics<V>
    {
        // The two highest bits themselves: CF, and CF xor OF.
        return s.And(s.ShiftLeft(result, s.Constant((ulong)(64 - s.Bits))), s.Constant(3UL << 62));
    }
}
