using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>SHR: CF is the last bit shifted out; OF is the old sign for a count of 1 and 0 otherwise.</summary>
internal readonly struct Shr : IShift
{
    /// <inheritdoc/>
    public static bool KeepsResultFlags => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Result<S, V>(ref S s, V a, V count)
        where S : struct, ISemantics<V>
    {
        return s.ShiftRight(a, count);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Carries<S, V>(ref S s, V a, V count, V result)
        where S : struct, ISemantics<V>
    {
        V last = s.ShiftRight(a, s.Subtract(count, s.Constant(1)));
        V cf = s.And(last, s.Constant(1));
        V of = s.And(s.ShiftRight(last, s.Constant((ulong)(s.Bits - 1))), s.Constant(1));
        return FlagMath.Carries(ref s, cf, of, s.Constant(0));
    }
}
