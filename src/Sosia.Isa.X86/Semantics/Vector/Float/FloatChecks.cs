using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>
/// The checks that let the host's arithmetic stand for the guest's. Each works on a value shifted left by one, which drops the sign: then zero is 0, the
/// denormal numbers lie below one unit of the exponent field, and infinity and the NaNs at its top.
/// </summary>
internal static class FloatChecks
{
    private const uint Unit32 = 1u << 24;
    private const ulong Unit64 = 1UL << 53;
    private const uint Infinity32 = 0xffu << 24;
    private const ulong Infinity64 = 0x7ffUL << 53;

    // The Precision flag, its mask and the rounding field; the flag and the mask set, and to nearest.
    private const uint QuietMask = 0x7020;
    private const uint Quiet = 0x1020;

    /// <summary>
    /// True when an inexact result needs no record, because Precision is already set and masked, and rounding is the host's: to nearest. Programs run in this
    /// state from their first inexact result on. The checks of operands and results exclude all that the other masks and the flushes are about.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsQuiet(uint mxcsr) => (mxcsr & QuietMask) == Quiet;

    /// <summary>True for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(uint value) => value << 1 == 0;

    /// <inheritdoc cref="IsZero(uint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(ulong value) => value << 1 == 0;

    /// <summary>True for all but the denormal numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNotDenormal(uint value) => (value << 1) - 1 >= Unit32 - 1;

    /// <inheritdoc cref="IsNotDenormal(uint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNotDenormal(ulong value) => (value << 1) - 1 >= Unit64 - 1;

    /// <summary>True for finite numbers above the lowest normal binade: as a result, such a number came about without overflow or underflow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInner(uint value) => (value << 1) - (2 * Unit32) < Infinity32 - (2 * Unit32);

    /// <inheritdoc cref="IsInner(uint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInner(ulong value) => (value << 1) - (2 * Unit64) < Infinity64 - (2 * Unit64);

    /// <summary>True for zero, normal numbers and infinity: comparing such values raises nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlain(uint value) => IsZero(value) || (value << 1) - Unit32 <= Infinity32 - Unit32;

    /// <inheritdoc cref="IsPlain(uint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlain(ulong value) => IsZero(value) || (value << 1) - Unit64 <= Infinity64 - Unit64;

    /// <summary><see cref="IsNotDenormal(uint)"/> of every element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNotDenormal(Vector128<uint> values)
        => Vector128.GreaterThanOrEqualAll((values << 1) - Vector128<uint>.One, Vector128.Create(Unit32 - 1));

    /// <inheritdoc cref="AreNotDenormal(Vector128{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNotDenormal(Vector128<ulong> values)
        => Vector128.GreaterThanOrEqualAll((values << 1) - Vector128<ulong>.One, Vector128.Create(Unit64 - 1));

    /// <summary><see cref="IsInner(uint)"/> of every element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreInner(Vector128<uint> values)
        => Vector128.LessThanAll((values << 1) - Vector128.Create(2 * Unit32), Vector128.Create(Infinity32 - (2 * Unit32)));

    /// <inheritdoc cref="AreInner(Vector128{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreInner(Vector128<ulong> values)
        => Vector128.LessThanAll((values << 1) - Vector128.Create(2 * Unit64), Vector128.Create(Infinity64 - (2 * Unit64)));

    /// <summary><see cref="IsInner(uint)"/> of every element, or zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreInnerOrZero(Vector128<uint> values)
    {
        Vector128<uint> shifted = values << 1;
        return (Vector128.LessThan(shifted - Vector128.Create(2 * Unit32), Vector128.Create(Infinity32 - (2 * Unit32)))
            | Vector128.Equals(shifted, Vector128<uint>.Zero)) == Vector128<uint>.AllBitsSet;
    }

    /// <inheritdoc cref="AreInnerOrZero(Vector128{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreInnerOrZero(Vector128<ulong> values)
    {
        Vector128<ulong> shifted = values << 1;
        return (Vector128.LessThan(shifted - Vector128.Create(2 * Unit64), Vector128.Create(Infinity64 - (2 * Unit64)))
            | Vector128.Equals(shifted, Vector128<ulong>.Zero)) == Vector128<ulong>.AllBitsSet;
    }

    /// <summary><see cref="IsPlain(uint)"/> of every element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ArePlain(Vector128<uint> values)
    {
        Vector128<uint> shifted = values << 1;
        return (Vector128.LessThanOrEqual(shifted - Vector128.Create(Unit32), Vector128.Create(Infinity32 - Unit32))
            | Vector128.Equals(shifted, Vector128<uint>.Zero)) == Vector128<uint>.AllBitsSet;
    }

    /// <inheritdoc cref="ArePlain(Vector128{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ArePlain(Vector128<ulong> values)
    {
        Vector128<ulong> shifted = values << 1;
        return (Vector128.LessThanOrEqual(shifted - Vector128.Create(Unit64), Vector128.Create(Infinity64 - Unit64))
            | Vector128.Equals(shifted, Vector128<ulong>.Zero)) == Vector128<ulong>.AllBitsSet;
    }
}
