using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>SHL (SAL): CF is the last bit shifted out; OF is what a shift by 1 would leave, for every count (Intel processors).</summary>
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
        // With the operand at the top of a word: its highest bit but one decides OF, the last bit shifted out is CF.
        V aligned = s.ShiftLeft(a, s.Constant((ulong)(64 - s.Bits)));
        V last = s.ShiftLeft(aligned, s.Subtract(count, s.Constant(1)));
        V overflow = s.Xor(aligned, s.ShiftLeft(aligned, s.Constant(1)));
        V top = s.Constant(1UL << 63);
        return s.Or(s.And(last, top), s.ShiftRight(s.And(s.Xor(last, overflow), top), s.Constant(1)));
    }
}
