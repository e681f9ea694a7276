using System;
using System.Runtime.CompilerServices;

namespace Sosia.SoftFloat;

/// <summary>
/// The double extended format of the x87: sign, 15-bit exponent, 64-bit significand with an explicit integer bit. Operations give the
/// 387's (and every later FPU's) results, exceptions and masked and unmasked responses (Intel SDM vol. 1, chapters 4 and 8).
/// </summary>
/// <remarks>
/// Equality is equality of the encoding; use <see cref="Compare"/> for the numeric one.
/// </remarks>
public readonly partial struct Float80 : IEquatable<Float80>
{
    /// <summary>Bias of the exponent field.</summary>
    public const int Bias = 16383;

    /// <summary>The largest exponent field, that of infinities and NaNs.</summary>
    public const int MaximumField = 0x7FFF;

    /// <summary>What an unmasked overflow subtracts from, and an unmasked underflow adds to, the exponent (Intel SDM vol. 1, 8.5.4, 8.5.5).</summary>
    public const int UnmaskedBiasAdjust = 24576;

    /// <summary>The 64-bit significand, integer bit first.</summary>
    public readonly ulong Significand;

    /// <summary>Sign in bit 15, biased exponent in bits 14 to 0.</summary>
    public readonly ushort SignExponent;

    /// <summary>Makes a value from its encoding, which may be any bit pattern.</summary>
    /// <param name="signExponent">Sign in bit 15, biased exponent in bits 14 to 0.</param>
    /// <param name="significand">The 64-bit significand, integer bit first.</param>
    public Float80(ushort signExponent, ulong significand)
    {
        SignExponent = signExponent;
        Significand = significand;
    }

    /// <summary>+0.</summary>
    public static Float80 Zero => default;

    /// <summary>+1.</summary>
    public static Float80 One => new(Bias, Value.IntegerBit);

    /// <summary>Positive infinity.</summary>
    public static Float80 PositiveInfinity => new(MaximumField, Value.IntegerBit);

    /// <summary>Negative infinity.</summary>
    public static Float80 NegativeInfinity => new(0xFFFF, Value.IntegerBit);

    /// <summary>The real indefinite: the quiet NaN that a masked invalid operation gives.</summary>
    public static Float80 DefaultNan => new(0xFFFF, Value.IntegerBit | Value.QuietBit);

    /// <summary>The sign bit, also of a zero or NaN.</summary>
    public bool IsNegative => (SignExponent & 0x8000) != 0;

    /// <summary>The biased exponent field.</summary>
    public int ExponentField => SignExponent & MaximumField;

    /// <summary>Whether the value is a NaN of a supported encoding.</summary>
    public bool IsNan => Class == FpClass.Nan;

    /// <summary>Whether the value is a signalling NaN of a supported encoding.</summary>
    public bool IsSignallingNan => IsNan && (Significand & Value.QuietBit) == 0;

    /// <summary>The value's class, as FXAM tells it.</summary>
    public FpClass Class
    {
        get
        {
            int exponent = ExponentField;
            bool integerBit = (Significand & Value.IntegerBit) != 0;
            if (exponent == 0)
            {
                return Significand == 0 ? FpClass.Zero : FpClass.Denormal;
            }

            if (!integerBit)
            {
                return FpClass.Unsupported;
            }

            return exponent != MaximumField ? FpClass.Normal
                : Significand == Value.IntegerBit ? FpClass.Infinity
                : FpClass.Nan;
        }
    }

    private bool IsNormal
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)((SignExponent & MaximumField) - 1) < MaximumField - 1 && (long)Significand < 0;
    }

    /// <summary>Compares the encodings.</summary>
    public static bool operator ==(Float80 left, Float80 right) => left.Equals(right);

    /// <summary>Compares the encodings.</summary>
    public static bool operator !=(Float80 left, Float80 right) => !left.Equals(right);

    /// <summary>The value with its sign inverted (FCHS); no exception, whatever the value.</summary>
    public Float80 Negate() => new((ushort)(SignExponent ^ 0x8000), Significand);

    /// <summary>The value with its sign cleared (FABS); no exception, whatever the value.</summary>
    public Float80 Abs() => new((ushort)(SignExponent & MaximumField), Significand);

    /// <summary>a + b (FADD), rounded to the environment's precision.</summary>
    public static Float80 Add(Float80 a, Float80 b, ref FpEnvironment env) => AddOrSubtract(a, b, subtract: false, ref env);

    /// <summary>a - b (FSUB), rounded to the environment's precision.</summary>
    public static Float80 Subtract(Float80 a, Float80 b, ref FpEnvironment env) => AddOrSubtract(a, b, subtract: true, ref env);

    /// <summary>a × b (FMUL), rounded to the environment's precision.</summary>
    public static Float80 Multiply(Float80 a, Float80 b, ref FpEnvironment env)
    {
        if (a.IsNormal && b.IsNormal && IsPlain(env))
        {
            ulong high = Math.BigMul(a.Significand, b.Significand, out ulong low);
            int carry = (int)(high >> 63);
            if (carry == 0)
            {
                high = (high << 1) | (low >> 63);
                low <<= 1;
            }

            int exponent = a.ExponentField + b.ExponentField - Bias + carry;
            if (IsSafelyNormal(exponent))
            {
                return Round((a.SignExponent ^ b.SignExponent) & 0x8000, exponent, high, low, ref env);
            }
        }

        UnpackPair(a, b, ref env, out Value x, out Value y);
        Arithmetic.Multiply(x, y, ref env, out Value result);
        return Pack(result, env.Precision, ref env);
    }

    /// <summary>a ÷ b (FDIV), rounded to the environment's precision.</summary>
    public static Float80 Divide(Float80 a, Float80 b, ref FpEnvironment env)
    {
        UnpackPair(a, b, ref env, out Value x, out Value y);
        Arithmetic.Divide(x, y, ref env, out Value result);
        return Pack(result, env.Precision, ref env);
    }

    /// <summary>√a (FSQRT), rounded to the environment's precision.</summary>
    public static Float80 SquareRoot(Float80 a, ref FpEnvironment env)
    {
        Unpack(a, out Value x);
        Arithmetic.SquareRoot(x, ref env, out Value result);
        return Pack(result, env.Precision, ref env);
    }

    /// <summary>
    /// One step of FPREM: the remainder of a ÷ b with the quotient truncated, or, when the exponents differ by 64 or more, a reduction towards it.
    /// </summary>
    /// <param name="a">The dividend, ST(0).</param>
    /// <param name="b">The divisor, ST(1).</param>
    /// <param name="env">The environment.</param>
    /// <param name="quotientBits">The last three bits of the quotient (bit 2 is C0, bit 1 is C3, bit 0 is C1); 0 when incomplete.</param>
    /// <param name="incomplete">Whether another step is needed (C2).</param>
    public static Float80 PartialRemainder(
        Float80 a, Float80 b, ref FpEnvironment env, out int quotientBits, out bool incomplete) =>
        PartialRemainder(a, b, nearest: false, ref env, out quotientBits, out incomplete);

    /// <summary>One step of FPREM1: as <see cref="PartialRemainder(Float80, Float80, ref FpEnvironment, out int, out bool)"/>, with the quotient rounded to nearest.</summary>
    /// <param name="a">The dividend, ST(0).</param>
    /// <param name="b">The divisor, ST(1).</param>
    /// <param name="env">The environment.</param>
    /// <param name="quotientBits">The last three bits of the quotient (bit 2 is C0, bit 1 is C3, bit 0 is C1); 0 when incomplete.</param>
    /// <param name="incomplete">Whether another step is needed (C2).</param>
    public static Float80 PartialRemainderIeee(
        Float80 a, Float80 b, ref FpEnvironment env, out int quotientBits, out bool incomplete) =>
        PartialRemainder(a, b, nearest: true, ref env, out quotientBits, out incomplete);

    /// <summary>The IEEE 754 remainder of a ÷ b in one step, however far apart the exponents are (68881 FREM).</summary>
    public static Float80 Remainder(Float80 a, Float80 b, ref FpEnvironment env)
    {
        UnpackPair(a, b, ref env, out Value x, out Value y);
        RemainderArithmetic.Ieee(x, y, ref env, out _, out Value result);
        return Pack(result, FpPrecision.Extended, ref env);
    }

    /// <summary>a rounded to an integral value in the environment's direction (FRNDINT).</summary>
    public static Float80 RoundToIntegral(Float80 a, ref FpEnvironment env)
    {
        Unpack(a, out Value x);
        Arithmetic.RoundToIntegral(x, raiseDenormal: true, ref env, out bool inexact, out Value result);
        if (inexact)
        {
            env.Raise(FpExceptions.Precision);
        }

        bool up = env.RoundedUp;
        Float80 packed = Pack(result, FpPrecision.Extended, ref env);
        env.RoundedUp = up;
        return packed;
    }

    /// <summary>Compares two values (FCOM, FUCOM, FCOMI, FUCOMI).</summary>
    /// <param name="a">First operand.</param>
    /// <param name="b">Second operand.</param>
    /// <param name="quiet">Whether a quiet NaN raises nothing (the FUCOM forms) instead of Invalid.</param>
    /// <param name="env">The environment.</param>
    public static FpRelation Compare(Float80 a, Float80 b, bool quiet, ref FpEnvironment env)
    {
        UnpackPair(a, b, ref env, out Value x, out Value y);
        env.RoundedUp = false;
        return Arithmetic.Compare(x, y, quiet, ref env);
    }

    /// <inheritdoc/>
    public bool Equals(Float80 other) => Significand == other.Significand && SignExponent == other.SignExponent;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Float80 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Significand, SignExponent);

    internal static void Unpack(Float80 a, out Value value)
    {
        UnpackNormal(a, out value);
        if (!a.IsNormal)
        {
            UnpackSpecial(a, ref value);
        }
    }

    internal static void UnpackPair(Float80 a, Float80 b, ref FpEnvironment env, out Value x, out Value y)
    {
        Unpack(a, out x);
        Unpack(b, out y);
        x.Denormal |= env.DenormalOperand;
        env.DenormalOperand = false;
    }

    /// <summary>Rounds and packs a result.</summary>
    internal static Float80 Pack(in Value value, FpPrecision precision, ref FpEnvironment env)
    {
        int exponent = value.Exponent + Bias;
        if (value.Kind == ValueKind.Finite && precision == FpPrecision.Extended && IsSafelyNormal(exponent))
        {
            return Round(value.Negative ? 0x8000 : 0, exponent, value.High, value.Low, ref env);
        }

        return PackGeneral(value, (int)precision, ref env);
    }

    private static Float80 AddOrSubtract(Float80 a, Float80 b, bool subtract, ref FpEnvironment env)
    {
        if (a.IsNormal && b.IsNormal && IsPlain(env))
        {
            int bSignExponent = b.SignExponent ^ (subtract ? 0x8000 : 0);
            int distance = a.ExponentField - b.ExponentField;
            int sign = a.SignExponent & 0x8000;
            int exponent = a.ExponentField;
            ulong high = a.Significand;
            ulong otherHigh = b.Significand;
            if (distance < 0 || (distance == 0 && high < otherHigh))
            {
                (high, otherHigh) = (otherHigh, high);
                exponent = b.ExponentField;
                sign = bSignExponent & 0x8000;
                distance = -distance;
            }

            // The larger magnitude is high × 2^64, the smaller one is aligned with it.
            ulong low = 0;
            ulong otherLow = 0;
            Bits.ShiftRightSticky(ref otherHigh, ref otherLow, distance);
            if (((a.SignExponent ^ bSignExponent) & 0x8000) == 0)
            {
                low = otherLow;
                high += otherHigh;
                if (high < otherHigh)
                {
                    low = (low >> 1) | (low & 1) | (high << 63);
                    high = (high >> 1) | Value.IntegerBit;
                    exponent++;
                }
            }
            else
            {
                low -= otherLow;
                high -= otherHigh + (otherLow != 0 ? 1UL : 0);
                if ((high | low) == 0)
                {
                    env.RoundedUp = false;
                    return new Float80((ushort)(env.Rounding == FpRounding.Down ? 0x8000 : 0), 0);
                }

                exponent -= Bits.Normalize(ref high, ref low);
            }

            if (IsSafelyNormal(exponent))
            {
                return Round(sign, exponent, high, low, ref env);
            }
        }

        UnpackPair(a, b, ref env, out Value x, out Value y);
        Arithmetic.Add(x, y, subtract, ref env, out Value result);
        return Pack(result, env.Precision, ref env);
    }

    /// <summary>Whether the environment asks for nothing but a rounding direction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsPlain(in FpEnvironment env) => env.Precision == FpPrecision.Extended && !env.DenormalOperand;

    /// <summary>Whether a result with this exponent field is normal before and after rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSafelyNormal(int exponentField) => (uint)(exponentField - 1) < MaximumField - 2;

    /// <summary>Rounds a safely normal result to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float80 Round(int sign, int exponentField, ulong high, ulong low, ref FpEnvironment env)
    {
        bool up = Bits.RoundsUp(env.Rounding, sign != 0, high, low);
        if (up && ++high == 0)
        {
            high = Value.IntegerBit;
            exponentField++;
        }

        env.RoundedUp = up;
        if (low != 0)
        {
            env.Raise(FpExceptions.Precision);
        }

        return new Float80((ushort)(sign | exponentField), high);
    }

    private static Float80 PartialRemainder(
        Float80 a, Float80 b, bool nearest, ref FpEnvironment env, out int quotientBits, out bool incomplete)
    {
        UnpackPair(a, b, ref env, out Value x, out Value y);
        RemainderArithmetic.Partial(x, y, nearest, ref env, out ulong quotient, out incomplete, out Value result);
        quotientBits = (int)quotient & 7;
        if (x.Denormal && y.Kind == ValueKind.Infinity)
        {
            return DenormalUnchanged(a, ref env);
        }

        return Pack(result, FpPrecision.Extended, ref env);
    }

    /// <summary>
    /// Delivers a denormal operand as it is, a pseudo-denormal in its proper encoding. The x87 does so where nothing is computed, and raises no unmasked underflow then.
    /// </summary>
    private static Float80 DenormalUnchanged(Float80 a, ref FpEnvironment env)
    {
        env.RoundedUp = false;
        return new Float80((ushort)(a.SignExponent | (a.Significand >> 63)), a.Significand);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UnpackNormal(Float80 a, out Value value)
    {
        value.High = a.Significand;
        value.Low = 0;
        value.Exponent = (a.SignExponent & MaximumField) - Bias;
        value.Negative = (a.SignExponent & 0x8000) != 0;
        value.Kind = ValueKind.Finite;
        value.Denormal = false;
    }

    private static void UnpackSpecial(Float80 a, ref Value value)
    {
        switch (a.Class)
        {
            case FpClass.Zero:
                value.Kind = ValueKind.Zero;
                break;
            case FpClass.Denormal:
                // A pseudo-denormal has the integer bit set and the exponent of a denormal, which is that of field 1.
                value.Exponent = 1 - Bias - Bits.Normalize(ref value.High, ref value.Low);
                value.Denormal = true;
                break;
            case FpClass.Infinity:
                value.Kind = ValueKind.Infinity;
                break;
            case FpClass.Nan:
                value.Kind = (a.Significand & Value.QuietBit) != 0 ? ValueKind.QuietNan : ValueKind.SignallingNan;
                break;
            default:
                value.Kind = ValueKind.Unsupported;
                break;
        }
    }

    private static Float80 PackGeneral(in Value value, int precision, ref FpEnvironment env)
    {
        ushort sign = (ushort)(value.Negative ? 0x8000 : 0);
        switch (value.Kind)
        {
            case ValueKind.Zero:
                env.RoundedUp = false;
                return new Float80(sign, 0);
            case ValueKind.Infinity:
                env.RoundedUp = false;
                return new Float80((ushort)(sign | MaximumField), Value.IntegerBit);
            case ValueKind.Finite:
                break;
            default:
                env.RoundedUp = false;
                return new Float80((ushort)(sign | MaximumField), value.High);
        }

        int field = value.Exponent + Bias;
        ulong significand = RoundSignificand(value.High, value.Low, precision, value.Negative, env.Rounding, out bool inexact, out bool up);
        bool carried = up && significand == 0;
        if (carried)
        {
            significand = Value.IntegerBit;
            field++;
        }

        // Tininess is detected after rounding: the field is that of the rounded result with an unbounded exponent.
        if (field < 1)
        {
            if (!env.IsMasked(FpExceptions.Underflow))
            {
                env.Raise(FpExceptions.Underflow);
                field += UnmaskedBiasAdjust;
                if (field < 1)
                {
                    // Only FSCALE gets this far down.
                    field = 0;
                    significand = 0;
                    inexact = true;
                    up = false;
                }
            }
            else
            {
                field = value.Exponent + Bias;
                ulong high = value.High;
                ulong low = value.Low;
                Bits.ShiftRightSticky(ref high, ref low, 1 - field);
                significand = RoundSignificand(high, low, precision, value.Negative, env.Rounding, out inexact, out up);
                field = significand >> 63 != 0 ? 1 : 0;
                if (inexact)
                {
                    env.Raise(FpExceptions.Underflow);
                }
            }
        }
        else if (field >= MaximumField)
        {
            env.Raise(FpExceptions.Overflow);
            if (!env.IsMasked(FpExceptions.Overflow))
            {
                field -= UnmaskedBiasAdjust;
                if (field >= MaximumField)
                {
                    field = MaximumField;
                    significand = Value.IntegerBit;
                    inexact = true;
                    up = true;
                }
            }
            else
            {
                return Overflow(value.Negative, precision, ref env);
            }
        }

        env.RoundedUp = up;
        if (inexact)
        {
            env.Raise(FpExceptions.Precision);
        }

        return new Float80((ushort)(sign | field), significand);
    }

    /// <summary>Rounds at a fixed place of the 64-bit significand; a carry out of it leaves 0.</summary>
    private static ulong RoundSignificand(
        ulong high, ulong low, int precision, bool negative, FpRounding rounding, out bool inexact, out bool up)
    {
        int dropped = 64 - precision;
        if (dropped != 0)
        {
            low = (high << precision) | (low != 0 ? 1UL : 0);
            high >>= dropped;
        }

        inexact = low != 0;
        up = Bits.RoundsUp(rounding, negative, high, low);
        return (up ? high + 1 : high) << dropped;
    }

    private static Float80 Overflow(bool negative, int precision, ref FpEnvironment env)
    {
        env.Raise(FpExceptions.Precision);
        bool toInfinity = env.Rounding switch
        {
            FpRounding.Down => negative,
            FpRounding.Up => !negative,
            FpRounding.TowardZero => false,
            _ => true,
        };
        env.RoundedUp = toInfinity;
        if (toInfinity)
        {
            return negative ? NegativeInfinity : PositiveInfinity;
        }

        return new Float80((ushort)((negative ? 0x8000 : 0) | (MaximumField - 1)), ulong.MaxValue << (64 - precision));
    }
}
