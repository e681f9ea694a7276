using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>SHR: CF is the last bit shifted out; OF is the old sign, for every count (Intel processors).</summary>
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
        V cf = s.And(s.ShiftRight(a, s.Subtract(count, s.Constant(1))), s.Constant(1));
        return FlagMath.Carries(ref s, cf, s.ShiftRight(a, s.Constant((ulong)(s.Bits - 1))), s.Constant(0));
    }
}
