using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>SAR: CF is the last bit shifted out; OF = 0.</summary>
internal readonly struct Sar : IShift
{
    /// <inheritdoc/>
    public static bool KeepsResultFlags => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Result<S, V>(ref S s, V a, V count)
        where S : struct, ISemantics<V>
    {
        return s.Truncate(s.ShiftRightArithmetic(s.SignExtend(a), count));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Carries<S, V>(ref S s, V a, V count, V result)
        where S : struct, ISemantics<V>
    {
        V cf = s.And(s.ShiftRightArithmetic(s.SignExtend(a), s.Subtract(count, s.Constant(1))), s.Constant(1));
        return FlagMath.Carries(ref s, cf, s.Constant(0), s.Constant(0));
    }
}
