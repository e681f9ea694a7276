using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>SHL (SAL): CF is the last bit shifted out; OF is CF xor the new sign, for every count, as Intel processors do.</summary>
internal readonly struct Shl : IShift
{
    /// <inheritdoc/>
    public static bool KeepsResultFlags => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Result<S, V>(ref S s, V a, V count)
        where S : struct, ISemantics<V>
    {
        return s.Truncate(s.ShiftLeft(a, count));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Carries<S, V>(ref S s, V a, V count, V result)
        where S : struct, ISemantics<V>
    {
        if (s.Bits == 64)
        {
            V cf = s.ShiftRight(a, s.Subtract(s.Constant(64), count));
            return s.Or(s.ShiftLeft(cf, s.Constant(63)), s.ShiftLeft(s.ShiftRight(result, s.Constant(63)), s.Constant(62)));
        }

        // The bit above the result is CF, and the sign below it is CF xor OF: exactly the two top bits of the carry word.
        V wide = s.ShiftLeft(a, count);
        return s.And(s.ShiftLeft(wide, s.Constant((ulong)(63 - s.Bits))), s.Constant(3UL << 62));
    }
}
