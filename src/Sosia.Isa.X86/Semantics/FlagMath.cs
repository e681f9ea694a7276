using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics;

/// <summary>How arithmetic sets the flags, in terms of the lazy form (see <see cref="State.LazyFlags"/>).</summary>
internal static class FlagMath
{
    /// <summary>All six flags after r = a + b (+ carry).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetAdd<S, V>(ref S s, V a, V b, V result)
        where S : struct, ISemantics<V>
    {
        s.FlagResult = s.SignExtend(result);
        s.FlagCarries = s.AddCarries(a, b, result);
    }

    /// <summary>All six flags after r = a − b (− borrow).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetSubtract<S, V>(ref S s, V a, V b, V result)
        where S : struct, ISemantics<V>
    {
        s.FlagResult = s.SignExtend(result);
        s.FlagCarries = s.SubtractCarries(a, b, result);
    }

    /// <summary>ZF, SF and PF as the result says; CF = OF = AF = 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetLogic<S, V>(ref S s, V result)
        where S : struct, ISemantics<V>
    {
        s.FlagResult = s.SignExtend(result);
        s.FlagCarries = s.Constant(0);
    }

    /// <summary>The carry word for chosen CF, OF and AF (each 0 or 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Carries<S, V>(ref S s, V cf, V of, V af)
        where S : struct, ISemantics<V>
        => s.Or(
            s.Or(s.ShiftLeft(cf, s.Constant(63)), s.ShiftLeft(s.Xor(cf, of), s.Constant(62))),
            s.ShiftLeft(af, s.Constant(3)));

    /// <summary>Replaces CF alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetCf<S, V>(ref S s, V cf)
        where S : struct, ISemantics<V>
        => s.FlagCarries = WithCfOf(ref s, s.FlagCarries, cf, Of<S, V>(ref s));

    /// <summary>Replaces CF and OF in a carry word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V WithCfOf<S, V>(ref S s, V carries, V cf, V of)
        where S : struct, ISemantics<V>
        => s.Or(
            s.And(carries, s.Constant(~(3UL << 62))),
            s.Or(s.ShiftLeft(cf, s.Constant(63)), s.ShiftLeft(s.Xor(cf, of), s.Constant(62))));

    /// <summary>CF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Cf<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.ShiftRight(s.FlagCarries, s.Constant(63));

    /// <summary>OF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V carries = s.FlagCarries;
        return s.ShiftRight(s.Xor(carries, s.ShiftLeft(carries, s.Constant(1))), s.Constant(63));
    }

    /// <summary>AF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Af<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.And(s.ShiftRight(s.FlagCarries, s.Constant(3)), s.Constant(1));

    /// <summary>ZF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Zf<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Equal(s.FlagResult, s.Constant(0));

    /// <summary>SF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sf<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.And(s.Xor(s.ShiftRight(s.FlagResult, s.Constant(63)), s.ShiftRight(s.FlagCarries, s.Constant(1))), s.Constant(1));

    /// <summary>PF as 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Pf<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V ones = s.PopCount(s.ZeroExtend(s.FlagResult, 8));
        return s.And(s.Xor(s.Not(ones), s.FlagCarries), s.Constant(1));
    }
}
