using System.Runtime.CompilerServices;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The immediate of ROUNDPS and its kin (SDM vol. 2, figure 4-24).</summary>
internal static class RoundControl
{
    private const byte UseMxcsr = 4;
    private const byte Suppress = 8;

    /// <summary>The direction, given the one in MXCSR.</summary>
    public static FpRounding Rounding(byte immediate, FpRounding current)
        => (immediate & UseMxcsr) != 0 ? current : (FpRounding)(immediate & 3);

    /// <summary>The direction, given MXCSR.</summary>
    public static FpRounding Rounding(byte immediate, uint mxcsr) => Rounding(immediate, (FpRounding)((mxcsr >> 13) & 3));

    /// <summary>Whether an inexact result is not reported.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool SuppressesPrecision(byte immediate) => (immediate & Suppress) != 0;
}
