using System.Runtime.CompilerServices;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>
/// The predicates of CMPPS, CMPPD, CMPSS and CMPSD (SDM vol. 2, table 3-1): EQ, LT, LE, UNORD, NEQ, NLT, NLE, ORD; with VEX also EQ_UQ, NGE, NGT, FALSE, NEQ_OQ, GE, GT
/// and TRUE, and 16 more that differ in what a quiet NaN raises.
/// </summary>
internal static class ComparePredicate
{
    // Bit n of each set: the predicate holds for FpRelation n (less, equal, greater, unordered).
    private const ulong HoldsFor = 0b0010 | (0b0001 << 4) | (0b0011 << 8) | (0b1000 << 12) | (0b1101u << 16) | (0b1110u << 20) | (0b1100u << 24) | (0b0111u << 28)
        | (0b1010UL << 32) | (0b1001UL << 36) | (0b1011UL << 40) | (0b0101UL << 48) | (0b0110UL << 52) | (0b0100UL << 56) | (0b1111UL << 60);

    private const byte Inverted = 16;

    /// <summary>The number of the predicate: the immediate's low three bits, with VEX five.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Number<TVex>(byte immediate)
        where TVex : struct, IConstantBoolean => (byte)(immediate & (TVex.Value ? 31 : 7));

    /// <summary>Whether a predicate takes quiet NaNs without Invalid: of the first sixteen EQ, UNORD, NEQ and ORD and their like.</summary>
    public static bool IsQuiet(byte number) => ((number & 3) is 0 or 3) != ((number & Inverted) != 0);

    /// <summary>All ones when a predicate holds for a relation, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mask(byte number, FpRelation relation) => 0 - (HoldsFor >> (((number & 15) * 4) + (int)relation) & 1);
}
