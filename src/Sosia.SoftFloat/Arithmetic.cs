using System;

namespace Sosia.SoftFloat;

/// <summary>
/// The operations on unpacked values, the same for every format: special cases, pre-computation exceptions, and an exact (or
/// sticky) 128-bit result that the format then rounds.
/// </summary>
internal static class Arithmetic
{
    /// <summary>Adds finite values.</summary>
    public static void AddFinite(in Value x, in Value y, bool negateY, FpRounding rounding, out Value result)
    {
        bool yNegative = y.Negative ^ negateY;
        if (x.Exponent < y.Exponent)
        {
            AddOrdered(y, yNegative, x, x.Negative, rounding, out result);
        }
        else
        {
            AddOrdered(x, x.Negative, y, yNegative, rounding, out result);
        }
    }

    public static void MultiplyFinite(in Value x, in Value y, out Value result)
    {
        ulong high = Math.BigMul(x.High, y.High, out ulong low);
        int exponent = x.Exponent + y.Exponent + 1;
        if ((long)high >= 0)
        {
            high = (high << 1) | (low >> 63);
            low <<= 1;
            exponent--;
        }

        result.High = high;
        result.Low = low;
        result.Exponent = exponent;
        result.Negative = x.Negative ^ y.Negative;
        result.Kind = ValueKind.Finite;
        result.Denormal = false;
    }

    public static void DivideFinite(in Value x, in Value y, out Value result)
    {
        ulong divisor = y.High;
        ulong remainder;
        int exponent = x.Exponent - y.Exponent;
        ulong quotient;
        if (x.High < divisor)
        {
            quotient = Bits.Divide128By64(x.High, 0, divisor, out remainder);
            exponent--;
        }
        else
        {
            quotient = Bits.Divide128By64(x.High >> 1, x.High << 63, divisor, out remainder);
        }

        result.High = quotient;
        result.Low = HalfCode(remainder, divisor);
        result.Exponent = exponent;
        result.Negative = x.Negative ^ y.Negative;
        result.Kind = ValueKind.Finite;
        result.Denormal = false;
    }

    public static void SquareRootFinite(in Value x, out Value result)
    {
        // An even exponent: the radicand is High × 2^64 or half of it, read as a number in [2^126, 2^128).
        bool odd = (x.Exponent & 1) != 0;
        result.High = odd
            ? Bits.SquareRoot(x.High, 0, out result.Low)
            : Bits.SquareRoot(x.High >> 1, x.High << 63, out result.Low);
        result.Exponent = x.Exponent >> 1;
        result.Negative = false;
        result.Kind = ValueKind.Finite;
        result.Denormal = false;
    }

    /// <summary>x + y, or x - y.</summary>
    public static void Add(in Value x, in Value y, bool subtract, ref FpEnvironment env, out Value result)
    {
        if (x.IsNan || y.IsNan)
        {
            PropagateNan(x, y, ref env, out result);
            return;
        }

        bool yNegative = y.Negative ^ subtract;
        if (x.Kind == ValueKind.Infinity && y.Kind == ValueKind.Infinity && x.Negative != yNegative)
        {
            Invalid(ref env, out result);
            return;
        }

        if ((x.Denormal || y.Denormal) && env.RaiseDenormal())
        {
            result = default;
            return;
        }

        if (x.Kind == ValueKind.Finite && y.Kind == ValueKind.Finite)
        {
            AddFinite(x, y, subtract, env.Rounding, out result);
        }
        else if (x.Kind == ValueKind.Zero && y.Kind == ValueKind.Zero)
        {
            result = Value.Zero(x.Negative == yNegative ? x.Negative : env.Rounding == FpRounding.Down);
        }
        else if (y.Kind == ValueKind.Infinity || x.Kind == ValueKind.Zero)
        {
            result = y;
            result.Negative = yNegative;
        }
        else
        {
            result = x;
        }
    }

    public static void Multiply(in Value x, in Value y, ref FpEnvironment env, out Value result)
    {
        if (x.IsNan || y.IsNan)
        {
            PropagateNan(x, y, ref env, out result);
            return;
        }

        bool infinite = x.Kind == ValueKind.Infinity || y.Kind == ValueKind.Infinity;
        bool zero = x.Kind == ValueKind.Zero || y.Kind == ValueKind.Zero;
        if (infinite && zero)
        {
            Invalid(ref env, out result);
            return;
        }

        if ((x.Denormal || y.Denormal) && env.RaiseDenormal())
        {
            result = default;
        }
        else if (infinite)
        {
            result = Value.Infinity(x.Negative ^ y.Negative);
        }
        else if (zero)
        {
            result = Value.Zero(x.Negative ^ y.Negative);
        }
        else
        {
            MultiplyFinite(x, y, out result);
        }
    }

    public static void Divide(in Value x, in Value y, ref FpEnvironment env, out Value result)
    {
        if (x.IsNan || y.IsNan)
        {
            PropagateNan(x, y, ref env, out result);
            return;
        }

        bool negative = x.Negative ^ y.Negative;
        if (x.Kind == y.Kind && x.Kind != ValueKind.Finite)
        {
            Invalid(ref env, out result);
            return;
        }

        if (y.Kind == ValueKind.Zero && x.Kind == ValueKind.Finite)
        {
            env.Raise(FpExceptions.ZeroDivide);
            result = Value.Infinity(negative);
            return;
        }

        if ((x.Denormal || y.Denormal) && env.RaiseDenormal())
        {
            result = default;
        }
        else if (x.Kind == ValueKind.Infinity || y.Kind == ValueKind.Zero)
        {
            result = Value.Infinity(negative);
        }
        else if (x.Kind == ValueKind.Zero || y.Kind == ValueKind.Infinity)
        {
            result = Value.Zero(negative);
        }
        else
        {
            DivideFinite(x, y, out result);
        }
    }

    public static void SquareRoot(in Value x, ref FpEnvironment env, out Value result)
    {
        if (x.IsNan)
        {
            PropagateNan(x, ref env, out result);
            return;
        }

        if (x.Negative && x.Kind != ValueKind.Zero)
        {
            Invalid(ref env, out result);
            return;
        }

        if (x.Denormal && env.RaiseDenormal())
        {
            result = default;
        }
        else if (x.Kind == ValueKind.Finite)
        {
            SquareRootFinite(x, out result);
        }
        else
        {
            result = x;
        }
    }

    /// <summary>
    /// x × y + z with one rounding. The product of two significands of at most 53 bits is exact in 128 bits with room to spare, which the sticky
    /// alignment relies on: not for 64-bit significands.
    /// </summary>
    public static void FusedMultiplyAdd(in Value x, in Value y, in Value z, ref FpEnvironment env, out Value result)
    {
        bool invalidProduct = (x.Kind == ValueKind.Infinity && y.Kind == ValueKind.Zero)
            || (x.Kind == ValueKind.Zero && y.Kind == ValueKind.Infinity);
        if (x.IsNan || y.IsNan || z.IsNan)
        {
            // A quiet NaN as addend wins over an invalid product without raising it (Intel SDM vol. 1, 14.5.2).
            PropagateNan(x, y, z, ref env, out result);
            return;
        }

        bool productNegative = x.Negative ^ y.Negative;
        bool infiniteProduct = x.Kind == ValueKind.Infinity || y.Kind == ValueKind.Infinity;
        if (invalidProduct || (infiniteProduct && z.Kind == ValueKind.Infinity && z.Negative != productNegative))
        {
            Invalid(ref env, out result);
            return;
        }

        if ((x.Denormal || y.Denormal || z.Denormal) && env.RaiseDenormal())
        {
            result = default;
        }
        else if (infiniteProduct)
        {
            result = Value.Infinity(productNegative);
        }
        else if (z.Kind == ValueKind.Infinity)
        {
            result = z;
        }
        else if (x.Kind == ValueKind.Zero || y.Kind == ValueKind.Zero)
        {
            result = z;
            if (z.Kind == ValueKind.Zero && z.Negative != productNegative)
            {
                result.Negative = env.Rounding == FpRounding.Down;
            }
        }
        else
        {
            MultiplyFinite(x, y, out Value product);
            if (z.Kind == ValueKind.Zero)
            {
                result = product;
            }
            else
            {
                AddFinite(product, z, negateY: false, env.Rounding, out result);
            }
        }
    }

    /// <summary>Rounds to an integral value.</summary>
    /// <param name="x">The operand.</param>
    /// <param name="raiseDenormal">Whether a denormal operand raises Denormal (x87) or not (SSE4.1 ROUNDxx).</param>
    /// <param name="env">The environment.</param>
    /// <param name="inexact">Whether the value changed.</param>
    /// <param name="result">The integral value.</param>
    public static void RoundToIntegral(in Value x, bool raiseDenormal, ref FpEnvironment env, out bool inexact, out Value result)
    {
        inexact = false;
        env.RoundedUp = false;
        if (x.IsNan)
        {
            PropagateNan(x, ref env, out result);
            return;
        }

        if (x.Denormal && raiseDenormal && env.RaiseDenormal())
        {
            result = default;
            return;
        }

        result = x;
        if (x.Kind != ValueKind.Finite || x.Exponent >= 63)
        {
            return;
        }

        SplitInteger(x, out ulong integer, out ulong fraction);
        if (fraction == 0)
        {
            return;
        }

        inexact = true;
        if (Bits.RoundsUp(env.Rounding, x.Negative, integer, fraction))
        {
            integer++;
            env.RoundedUp = true;
        }

        result = FromInteger(x.Negative, integer);
    }

    /// <summary>Splits |x|, which must be finite and below 2^63, at the binary point.</summary>
    public static void SplitInteger(in Value x, out ulong integer, out ulong fraction)
    {
        integer = x.High;
        fraction = x.Low != 0 ? 1UL : 0;
        Bits.ShiftRightSticky(ref integer, ref fraction, 63 - x.Exponent);
    }

    /// <summary>The value of an integer given by sign and magnitude; zero is positive only if not negative.</summary>
    public static Value FromInteger(bool negative, ulong magnitude)
    {
        Value value = Value.Zero(negative);
        if (magnitude != 0)
        {
            value.Kind = ValueKind.Finite;
            value.High = magnitude;
            value.Exponent = 63 - Bits.Normalize(ref value.High, ref value.Low);
        }

        return value;
    }

    /// <summary>Converts to an integer of at most 64 bits.</summary>
    /// <param name="x">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="minimum">The magnitude of the smallest integer of the type (0 for an unsigned type).</param>
    /// <param name="maximum">The largest integer of the type.</param>
    /// <param name="env">The environment.</param>
    /// <param name="integer">The integer as a two's complement number, when the conversion is valid.</param>
    /// <returns>False when the operand has no such integer: Invalid is raised and nothing else.</returns>
    public static bool ToInteger(
        in Value x, FpRounding rounding, ulong minimum, ulong maximum, ref FpEnvironment env, out long integer)
    {
        integer = 0;
        env.RoundedUp = false;
        if (x.Kind == ValueKind.Zero)
        {
            return true;
        }

        if (x.Kind != ValueKind.Finite || x.Exponent > 63)
        {
            env.Raise(FpExceptions.Invalid);
            return false;
        }

        SplitInteger(x, out ulong magnitude, out ulong fraction);
        bool up = Bits.RoundsUp(rounding, x.Negative, magnitude, fraction);
        if (up && ++magnitude == 0)
        {
            env.Raise(FpExceptions.Invalid);
            return false;
        }

        if (magnitude > (x.Negative ? minimum : maximum))
        {
            env.Raise(FpExceptions.Invalid);
            return false;
        }

        integer = x.Negative ? -(long)magnitude : (long)magnitude;
        if (fraction != 0)
        {
            env.Raise(FpExceptions.Precision);
            env.RoundedUp = up;
        }

        return true;
    }

    /// <summary>Compares two values.</summary>
    /// <param name="x">First operand.</param>
    /// <param name="y">Second operand.</param>
    /// <param name="quiet">Whether a quiet NaN raises nothing.</param>
    /// <param name="env">The environment.</param>
    public static FpRelation Compare(in Value x, in Value y, bool quiet, ref FpEnvironment env)
    {
        if (x.IsNan || y.IsNan)
        {
            if (!quiet || x.Kind > ValueKind.QuietNan || y.Kind > ValueKind.QuietNan)
            {
                env.Raise(FpExceptions.Invalid);
            }

            return FpRelation.Unordered;
        }

        if (x.Denormal || y.Denormal)
        {
            env.Raise(FpExceptions.Denormal);
        }

        int xSign = x.Kind == ValueKind.Zero ? 0 : x.Negative ? -1 : 1;
        int ySign = y.Kind == ValueKind.Zero ? 0 : y.Negative ? -1 : 1;
        int order = xSign != ySign ? xSign - ySign : CompareMagnitude(x, y) * xSign;
        return order < 0 ? FpRelation.Less : order > 0 ? FpRelation.Greater : FpRelation.Equal;
    }

    /// <summary>Result of a one-operand operation on a NaN.</summary>
    public static void PropagateNan(in Value x, ref FpEnvironment env, out Value result)
    {
        if (x.Kind == ValueKind.Unsupported)
        {
            Invalid(ref env, out result);
            return;
        }

        if (x.Kind == ValueKind.SignallingNan)
        {
            env.Raise(FpExceptions.Invalid);
        }

        result = Quieted(x);
    }

    /// <summary>Result of a two-operand operation of which at least one operand is a NaN.</summary>
    public static void PropagateNan(in Value x, in Value y, ref FpEnvironment env, out Value result)
    {
        if (x.Kind == ValueKind.Unsupported || y.Kind == ValueKind.Unsupported)
        {
            Invalid(ref env, out result);
            return;
        }

        if (x.Kind == ValueKind.SignallingNan || y.Kind == ValueKind.SignallingNan)
        {
            env.Raise(FpExceptions.Invalid);
        }

        bool takeFirst = x.IsNan;
        if (env.NanPolicy == FpNanPolicy.X87 && x.IsNan && y.IsNan)
        {
            if (x.Kind != y.Kind)
            {
                takeFirst = x.Kind == ValueKind.QuietNan;
            }
            else
            {
                takeFirst = x.High > y.High || (x.High == y.High && !x.Negative);
            }
        }

        result = Quieted(takeFirst ? x : y);
    }

    public static void Invalid(ref FpEnvironment env, out Value result)
    {
        env.Raise(FpExceptions.Invalid);
        result = Value.DefaultNan();
    }

    private static void PropagateNan(in Value x, in Value y, in Value z, ref FpEnvironment env, out Value result)
    {
        if (x.Kind == ValueKind.SignallingNan || y.Kind == ValueKind.SignallingNan || z.Kind == ValueKind.SignallingNan)
        {
            env.Raise(FpExceptions.Invalid);
        }

        result = Quieted(x.IsNan ? x : y.IsNan ? y : z);
    }

    private static Value Quieted(in Value nan)
    {
        Value result = nan;
        result.High |= Value.QuietBit;
        result.Kind = ValueKind.QuietNan;
        return result;
    }

    private static int CompareMagnitude(in Value x, in Value y)
    {
        if (x.Kind != ValueKind.Finite || y.Kind != ValueKind.Finite)
        {
            return Rank(x.Kind).CompareTo(Rank(y.Kind));
        }

        return x.Exponent != y.Exponent ? x.Exponent.CompareTo(y.Exponent) : x.High.CompareTo(y.High);
    }

    private static int Rank(ValueKind kind) => kind switch
    {
        ValueKind.Zero => 0,
        ValueKind.Finite => 1,
        _ => 2,
    };

    /// <summary>A division's remainder as the fraction behind the quotient: exact, below, at or above one half.</summary>
    private static ulong HalfCode(ulong remainder, ulong divisor)
    {
        if (remainder == 0)
        {
            return 0;
        }

        ulong missing = divisor - remainder;
        return remainder > missing ? Value.IntegerBit | 1 : remainder == missing ? Value.IntegerBit : 1;
    }

    /// <summary>Adds y to x, whose exponent is not less than that of y.</summary>
    private static void AddOrdered(
        in Value x, bool xNegative, in Value y, bool yNegative, FpRounding rounding, out Value result)
    {
        ulong high = y.High;
        ulong low = y.Low;
        int exponent = x.Exponent;
        Bits.ShiftRightSticky(ref high, ref low, exponent - y.Exponent);
        result.Denormal = false;
        result.Kind = ValueKind.Finite;
        if (xNegative == yNegative)
        {
            ulong sumLow = x.Low + low;
            ulong carry = sumLow < low ? 1UL : 0;
            ulong sumHigh = x.High + high;
            bool overflow = sumHigh < high;
            sumHigh += carry;
            overflow |= sumHigh < carry;
            if (overflow)
            {
                sumLow = (sumLow >> 1) | (sumLow & 1) | (sumHigh << 63);
                sumHigh = (sumHigh >> 1) | Value.IntegerBit;
                exponent++;
            }

            result.High = sumHigh;
            result.Low = sumLow;
            result.Exponent = exponent;
            result.Negative = xNegative;
            return;
        }

        bool negative = xNegative;
        ulong differenceHigh;
        ulong differenceLow;
        if (x.High > high || (x.High == high && x.Low >= low))
        {
            differenceLow = x.Low - low;
            differenceHigh = x.High - high - (x.Low < low ? 1UL : 0);
        }
        else
        {
            differenceLow = low - x.Low;
            differenceHigh = high - x.High - (low < x.Low ? 1UL : 0);
            negative = yNegative;
        }

        if ((differenceHigh | differenceLow) == 0)
        {
            result = Value.Zero(rounding == FpRounding.Down);
            return;
        }

        exponent -= Bits.Normalize(ref differenceHigh, ref differenceLow);
        result.High = differenceHigh;
        result.Low = differenceLow;
        result.Exponent = exponent;
        result.Negative = negative;
    }
}
