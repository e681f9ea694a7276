using System.Runtime.CompilerServices;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The eight predicates of CMPPS, CMPPD, CMPSS and CMPSD: EQ, LT, LE, UNORD, NEQ, NLT, NLE, ORD (SDM vol. 2, table 3-1).</summary>
internal static class ComparePredicate
{
    // Bit n of each set: the predicate holds for FpRelation n (less, equal, greater, unordered).
    private const uint HoldsFor = 0b0010 | (0b0001 << 4) | (0b0011 << 8) | (0b1000 << 12) | (0b1101u << 16) | (0b1110u << 20) | (0b1100u << 24) | (0b0111u << 28);

    /// <summary>EQ, UNORD, NEQ and ORD take quiet NaNs without Invalid.</summary>
    public static bool IsQuiet(byte immediate) => (immediate & 3) is 0 or 3;

    /// <summary>All ones when a predicate holds for a relation, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mask(byte immediate, FpRelation relation) => 0 - (ulong)(HoldsFor >> (((immediate & 7) * 4) + (int)relation) & 1);
}
