using System;

namespace Sosia.SoftFloat;

/// <content>Conversions to and from other formats.</content>
public readonly partial struct Float80
{
    private const ulong BcdLimit = 1_000_000_000_000_000_000;

    /// <summary>The exact value of an integer (FILD).</summary>
    public static Float80 FromInt64(long value)
    {
        if (value == 0)
        {
            return default;
        }

        ulong magnitude = value < 0 ? 0 - (ulong)value : (ulong)value;
        int shift = System.Numerics.BitOperations.LeadingZeroCount(magnitude);
        return new Float80((ushort)((value < 0 ? 0x8000 : 0) | (Bias + 63 - shift)), magnitude << shift);
    }

    /// <summary>Converts binary32 (FLD m32): a denormal raises Denormal, a signalling NaN Invalid and becomes quiet.</summary>
    public static Float80 FromFloat32(uint bits, ref FpEnvironment env)
    {
        Binary<Binary32>.Unpack(bits, denormalsAreZero: false, out Value value);
        return FromNarrower(value, ref env);
    }

    /// <summary>Converts binary64 (FLD m64): a denormal raises Denormal, a signalling NaN Invalid and becomes quiet.</summary>
    public static Float80 FromFloat64(ulong bits, ref FpEnvironment env)
    {
        Binary<Binary64>.Unpack(bits, denormalsAreZero: false, out Value value);
        return FromNarrower(value, ref env);
    }

    /// <summary>
    /// Widens a binary32 operand of an arithmetic or compare instruction (FADD m32 and so on). Raises nothing by itself: a signalling NaN
    /// stays one, a denormal is noted in <see cref="FpEnvironment.DenormalOperand"/>; the operation that follows does the rest.
    /// </summary>
    public static Float80 WidenFloat32(uint bits, ref FpEnvironment env)
    {
        Binary<Binary32>.Unpack(bits, denormalsAreZero: false, out Value value);
        return WidenNarrower(value, ref env);
    }

    /// <summary>As <see cref="WidenFloat32"/>, for a binary64 operand.</summary>
    public static Float80 WidenFloat64(ulong bits, ref FpEnvironment env)
    {
        Binary<Binary64>.Unpack(bits, denormalsAreZero: false, out Value value);
        return WidenNarrower(value, ref env);
    }

    /// <summary>Converts to binary32 (FST m32). With an unmasked overflow or underflow nothing may be stored.</summary>
    public static uint ToFloat32(Float80 a, ref FpEnvironment env) => (uint)Store<Binary32>(a, ref env);

    /// <summary>Converts to binary64 (FST m64). With an unmasked overflow or underflow nothing may be stored.</summary>
    public static ulong ToFloat64(Float80 a, ref FpEnvironment env) => Store<Binary64>(a, ref env);

    /// <summary>Converts to a 16-bit integer (FIST m16); an invalid conversion gives the integer indefinite 8000h.</summary>
    /// <param name="a">The value.</param>
    /// <param name="rounding">Rounding direction: the environment's for FIST, <see cref="FpRounding.TowardZero"/> for FISTTP.</param>
    /// <param name="env">The environment.</param>
    public static short ToInt16(Float80 a, FpRounding rounding, ref FpEnvironment env)
    {
        Unpack(a, out Value x);
        return Arithmetic.ToInteger(x, rounding, 1UL << 15, (ulong)short.MaxValue, ref env, out long integer)
            ? (short)integer
            : short.MinValue;
    }

    /// <summary>Converts to a 32-bit integer (FIST m32); an invalid conversion gives the integer indefinite.</summary>
    /// <param name="a">The value.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment.</param>
    public static int ToInt32(Float80 a, FpRounding rounding, ref FpEnvironment env)
    {
        Unpack(a, out Value x);
        return Arithmetic.ToInteger(x, rounding, 1UL << 31, int.MaxValue, ref env, out long integer)
            ? (int)integer
            : int.MinValue;
    }

    /// <summary>Converts to a 64-bit integer (FIST m64); an invalid conversion gives the integer indefinite.</summary>
    /// <param name="a">The value.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment.</param>
    public static long ToInt64(Float80 a, FpRounding rounding, ref FpEnvironment env)
    {
        Unpack(a, out Value x);
        return Arithmetic.ToInteger(x, rounding, 1UL << 63, long.MaxValue, ref env, out long integer)
            ? integer
            : long.MinValue;
    }

    /// <summary>Converts 18 packed decimal digits (FBLD). Digits above 9 count as what they are; the manual leaves them undefined.</summary>
    /// <param name="low">Digits 15 to 0, four bits each.</param>
    /// <param name="high">Sign in bit 15, digits 17 and 16 in bits 7 to 0.</param>
    public static Float80 FromBcd(ulong low, ushort high)
    {
        ulong magnitude = (ulong)((high >> 4) & 15) * 10 + (ulong)(high & 15);
        for (int shift = 60; shift >= 0; shift -= 4)
        {
            magnitude = magnitude * 10 + ((low >> shift) & 15);
        }

        Float80 value = FromInt64((long)magnitude);
        return (high & 0x8000) != 0 ? value.Negate() : value;
    }

    /// <summary>Converts to 18 packed decimal digits (FBSTP), rounding in the environment's direction.</summary>
    /// <param name="a">The value.</param>
    /// <param name="env">The environment.</param>
    /// <param name="low">Digits 15 to 0, four bits each.</param>
    /// <param name="high">Sign in bit 15, digits 17 and 16; with <paramref name="low"/> the packed BCD indefinite when the value does not fit.</param>
    public static void ToBcd(Float80 a, ref FpEnvironment env, out ulong low, out ushort high)
    {
        Unpack(a, out Value x);
        if (!Arithmetic.ToInteger(x, env.Rounding, BcdLimit - 1, BcdLimit - 1, ref env, out long integer))
        {
            low = 0xC000_0000_0000_0000;
            high = 0xFFFF;
            return;
        }

        ulong magnitude = (ulong)Math.Abs(integer);
        low = 0;
        for (int shift = 0; shift < 64; shift += 4)
        {
            (magnitude, ulong digit) = Math.DivRem(magnitude, 10);
            low |= digit << shift;
        }

        high = (ushort)((magnitude / 10 << 4) | (magnitude % 10) | (a.IsNegative ? 0x8000UL : 0));
    }

    /// <summary>a × 2^trunc(b) (FSCALE).</summary>
    public static Float80 Scale(Float80 a, Float80 b, ref FpEnvironment env)
    {
        UnpackPair(a, b, ref env, out Value x, out Value y);
        Value result = x;
        if (x.IsNan || y.IsNan)
        {
            Arithmetic.PropagateNan(x, y, ref env, out result);
        }
        else if (y.Kind == ValueKind.Infinity
            && ((x.Kind == ValueKind.Infinity && y.Negative) || (x.Kind == ValueKind.Zero && !y.Negative)))
        {
            Arithmetic.Invalid(ref env, out result);
        }
        else if ((x.Denormal || y.Denormal) && env.RaiseDenormal())
        {
            return a;
        }
        else if (y.Kind == ValueKind.Infinity)
        {
            result = y.Negative ? Value.Zero(x.Negative) : Value.Infinity(x.Negative);
        }
        else if (y.Kind == ValueKind.Zero && x.Denormal)
        {
            return DenormalUnchanged(a, ref env);
        }
        else if (x.Kind == ValueKind.Finite && y.Kind == ValueKind.Finite)
        {
            // Beyond 2^17 every finite value over- or underflows; the limit keeps the sum within an int.
            int magnitude = y.Exponent >= 17 ? 1 << 17 : y.Exponent < 0 ? 0 : (int)(y.High >> (63 - y.Exponent));
            result.Exponent += y.Negative ? -magnitude : magnitude;
        }

        return Pack(result, FpPrecision.Extended, ref env);
    }

    /// <summary>Splits a value into exponent and significand (FXTRACT).</summary>
    /// <param name="a">The value.</param>
    /// <param name="env">The environment. A zero raises ZeroDivide and gives the exponent minus infinity.</param>
    /// <param name="exponent">The unbiased exponent as a number.</param>
    /// <param name="significand">The significand with the sign of the value, at least 1 and less than 2 in magnitude.</param>
    public static void Extract(Float80 a, ref FpEnvironment env, out Float80 exponent, out Float80 significand)
    {
        Unpack(a, out Value x);
        env.RoundedUp = false;
        switch (x.Kind)
        {
            case ValueKind.Finite:
                if (x.Denormal && env.RaiseDenormal())
                {
                    exponent = significand = a;
                    return;
                }

                exponent = FromInt64(x.Exponent);
                x.Exponent = 0;
                significand = Pack(x, FpPrecision.Extended, ref env);
                break;
            case ValueKind.Zero:
                env.Raise(FpExceptions.ZeroDivide);
                exponent = NegativeInfinity;
                significand = a;
                break;
            case ValueKind.Infinity:
                exponent = PositiveInfinity;
                significand = a;
                break;
            default:
                Arithmetic.PropagateNan(x, ref env, out Value nan);
                exponent = significand = Pack(nan, FpPrecision.Extended, ref env);
                break;
        }
    }

    private static ulong Store<TFormat>(Float80 a, ref FpEnvironment env)
        where TFormat : struct, IBinaryFormat
    {
        FpExceptions before = env.Flags;
        env.Flags = FpExceptions.None;
        env.RoundedUp = false;
        Unpack(a, out Value x);
        ulong bits = Binary<TFormat>.Convert(x, raiseDenormal: false, ref env);
        if ((env.Flags & ~env.Masks & (FpExceptions.Overflow | FpExceptions.Underflow)) != 0)
        {
            // Nothing is stored, so nothing was rounded either.
            env.Flags &= ~FpExceptions.Precision;
            env.RoundedUp = false;
        }

        env.Flags |= before;
        return bits;
    }

    private static Float80 FromNarrower(in Value value, ref FpEnvironment env)
    {
        Value result = value;
        if (value.IsNan)
        {
            Arithmetic.PropagateNan(value, ref env, out result);
        }
        else if (value.Denormal)
        {
            env.RaiseDenormal();
        }

        return Pack(result, FpPrecision.Extended, ref env);
    }

    private static Float80 WidenNarrower(in Value value, ref FpEnvironment env)
    {
        env.DenormalOperand = value.Denormal;
        return Pack(value, FpPrecision.Extended, ref env);
    }
}
