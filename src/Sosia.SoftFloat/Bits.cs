using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sosia.SoftFloat;

/// <summary>Integer building blocks on 64 and 128 bits.</summary>
internal static class Bits
{
    /// <summary>Shifts high:low right; bits that fall off are kept as a sticky last bit.</summary>
    /// <param name="high">Upper half.</param>
    /// <param name="low">Lower half.</param>
    /// <param name="count">Distance, 0 or more.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ShiftRightSticky(ref ulong high, ref ulong low, int count)
    {
        if (count == 0)
        {
            return;
        }

        if (count < 64)
        {
            ulong lost = low << (64 - count);
            low = (low >> count) | (high << (64 - count)) | (lost != 0 ? 1UL : 0);
            high >>= count;
        }
        else if (count == 64)
        {
            low = high | (low != 0 ? 1UL : 0);
            high = 0;
        }
        else if (count < 128)
        {
            ulong lost = low | (high << (128 - count));
            low = (high >> (count - 64)) | (lost != 0 ? 1UL : 0);
            high = 0;
        }
        else
        {
            low = (high | low) != 0 ? 1UL : 0;
            high = 0;
        }
    }

    /// <summary>Divides high:low by divisor.</summary>
    /// <param name="high">Upper half of the dividend, less than the divisor.</param>
    /// <param name="low">Lower half of the dividend.</param>
    /// <param name="divisor">The divisor, with its highest bit set.</param>
    /// <param name="remainder">The remainder.</param>
    /// <returns>The quotient, which fits 64 bits.</returns>
    public static ulong Divide128By64(ulong high, ulong low, ulong divisor, out ulong remainder)
    {
        // Schoolbook division in base 2^32 (Knuth, TAOCP 2, 4.3.1 D): each estimate is at most two too large.
        ulong divisorHigh = divisor >> 32;
        ulong divisorLow = divisor & 0xFFFFFFFF;
        ulong upper = DivideStep(high, low >> 32, divisor, divisorHigh, divisorLow, out ulong rest);
        ulong lower = DivideStep(rest, low & 0xFFFFFFFF, divisor, divisorHigh, divisorLow, out remainder);
        return (upper << 32) | lower;
    }

    /// <summary>Rounded-down square root of high:low.</summary>
    /// <param name="high">Upper half of the radicand, at least 2^62.</param>
    /// <param name="low">Lower half of the radicand.</param>
    /// <param name="sticky">
    /// The fraction behind the root as 64 bits: 0 when exact, else less or more than 2^63 as the fraction is less or more than one half.
    /// </param>
    /// <returns>The root, at least 2^63.</returns>
    public static ulong SquareRoot(ulong high, ulong low, out ulong sticky)
    {
        // The host's root is good to 53 bits; one Newton step makes it good to the last bit or one beside it.
        double estimate = Math.Sqrt(high) * 4294967296.0;
        ulong root = estimate >= 18446744073709549568.0 ? ulong.MaxValue : (ulong)estimate;
        if (root <= high)
        {
            root = ulong.MaxValue;
        }
        else
        {
            ulong quotient = Divide128By64(high, low, root, out _);
            root = (root >> 1) + (quotient >> 1) + (root & quotient & 1);
        }

        while (true)
        {
            ulong squareHigh = Math.BigMul(root, root, out ulong squareLow);
            if (squareHigh > high || (squareHigh == high && squareLow > low))
            {
                root--;
                continue;
            }

            // The rest is at most 2 root when root is right.
            ulong restLow = low - squareLow;
            ulong restHigh = high - squareHigh - (low < squareLow ? 1UL : 0);
            if (restHigh > 1 || (restHigh == 1 && restLow > root << 1 && (root >> 63) != 0))
            {
                root++;
                continue;
            }

            if (restHigh == 0)
            {
                // (root + 1/2)^2 = root^2 + root + 1/4: no tie is possible.
                sticky = restLow == 0 ? 0 : restLow > root ? Value.IntegerBit | 1 : 1;
            }
            else
            {
                sticky = Value.IntegerBit | 1;
            }

            return root;
        }
    }

    /// <summary>Shifts high:low left until bit 127 is set; high:low must not be zero.</summary>
    /// <returns>The distance.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Normalize(ref ulong high, ref ulong low)
    {
        int count;
        if (high == 0)
        {
            count = BitOperations.LeadingZeroCount(low);
            high = low << count;
            low = 0;
            return count + 64;
        }

        count = BitOperations.LeadingZeroCount(high);
        if (count != 0)
        {
            high = (high << count) | (low >> (64 - count));
            low <<= count;
        }

        return count;
    }

    /// <summary>Whether a magnitude followed by a 64-bit fraction rounds to the next larger magnitude.</summary>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="negative">Sign of the value.</param>
    /// <param name="magnitude">The integer part; only its last bit matters.</param>
    /// <param name="fraction">The part below, in units of 2^-64; its last bit may be sticky.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool RoundsUp(FpRounding rounding, bool negative, ulong magnitude, ulong fraction)
    {
        if (rounding == FpRounding.NearestEven)
        {
            return fraction > Value.IntegerBit || (fraction == Value.IntegerBit && (magnitude & 1) != 0);
        }

        return RoundsUpDirected(rounding, negative, fraction);
    }

    private static bool RoundsUpDirected(FpRounding rounding, bool negative, ulong fraction) => rounding switch
    {
        FpRounding.Down => negative && fraction != 0,
        FpRounding.Up => !negative && fraction != 0,
        FpRounding.NearestAway => fraction >= Value.IntegerBit,
        _ => false,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong DivideStep(ulong high, ulong next, ulong divisor, ulong divisorHigh, ulong divisorLow, out ulong remainder)
    {
        ulong digit = high / divisorHigh;
        ulong rest = high - digit * divisorHigh;
        while (digit >> 32 != 0 || digit * divisorLow > ((rest << 32) | next))
        {
            digit--;
            rest += divisorHigh;
            if (rest >> 32 != 0)
            {
                break;
            }
        }

        remainder = ((high << 32) | next) - digit * divisor;
        return digit;
    }
}
