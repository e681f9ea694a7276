using System.Runtime.CompilerServices;

namespace Sosia.SoftFloat;

/// <summary>
/// The complete (slow) route of binary32 and binary64: unpacking, rounding, and every operation with every rounding mode,
/// exception and special operand. <see cref="Float32"/> and <see cref="Float64"/> try the host's hardware first.
/// </summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal static class Binary<TFormat>
    where TFormat : struct, IBinaryFormat
{
    private static int MaximumField
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1 << TFormat.ExponentBits) - 1;
    }

    private static int Bias
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1 << (TFormat.ExponentBits - 1)) - 1;
    }

    private static ulong FractionMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1UL << TFormat.FractionBits) - 1;
    }

    public static ulong Add(ulong a, ulong b, bool subtract, ref FpEnvironment env)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        Unpack(b, env.DenormalsAreZero, out Value y);
        Arithmetic.Add(x, y, subtract, ref env, out Value result);
        return Pack(result, ref env);
    }

    public static ulong Multiply(ulong a, ulong b, ref FpEnvironment env)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        Unpack(b, env.DenormalsAreZero, out Value y);
        Arithmetic.Multiply(x, y, ref env, out Value result);
        return Pack(result, ref env);
    }

    public static ulong Divide(ulong a, ulong b, ref FpEnvironment env)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        Unpack(b, env.DenormalsAreZero, out Value y);
        Arithmetic.Divide(x, y, ref env, out Value result);
        return Pack(result, ref env);
    }

    public static ulong SquareRoot(ulong a, ref FpEnvironment env)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        Arithmetic.SquareRoot(x, ref env, out Value result);
        return Pack(result, ref env);
    }

    public static ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, ref FpEnvironment env)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        Unpack(b, env.DenormalsAreZero, out Value y);
        Unpack(c, env.DenormalsAreZero, out Value z);
        Arithmetic.FusedMultiplyAdd(x, y, z, ref env, out Value result);
        return Pack(result, ref env);
    }

    public static ulong Remainder(ulong a, ulong b, ref FpEnvironment env)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        Unpack(b, env.DenormalsAreZero, out Value y);
        RemainderArithmetic.Ieee(x, y, ref env, out _, out Value result);
        return Pack(result, ref env);
    }

    public static ulong RoundToIntegral(ulong a, FpRounding rounding, bool suppressPrecision, ref FpEnvironment env)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        FpRounding saved = env.Rounding;
        env.Rounding = rounding;
        Arithmetic.RoundToIntegral(x, raiseDenormal: false, ref env, out bool inexact, out Value result);
        env.Rounding = saved;
        if (inexact && !suppressPrecision)
        {
            env.Raise(FpExceptions.Precision);
        }

        return PackExact(result);
    }

    public static FpRelation Compare(ulong a, ulong b, bool quiet, ref FpEnvironment env)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        Unpack(b, env.DenormalsAreZero, out Value y);
        return Arithmetic.Compare(x, y, quiet, ref env);
    }

    public static bool ToInteger(
        ulong a, FpRounding rounding, ulong minimum, ulong maximum, ref FpEnvironment env, out long integer)
    {
        Unpack(a, env.DenormalsAreZero, out Value x);
        return Arithmetic.ToInteger(x, rounding, minimum, maximum, ref env, out integer);
    }

    public static ulong FromInteger(bool negative, ulong magnitude, ref FpEnvironment env) =>
        Pack(Arithmetic.FromInteger(negative, magnitude), ref env);

    /// <summary>Converts from another format; the value has been unpacked there.</summary>
    public static ulong Convert(in Value x, bool raiseDenormal, ref FpEnvironment env)
    {
        if (x.IsNan)
        {
            Arithmetic.PropagateNan(x, ref env, out Value nan);
            return PackExact(nan);
        }

        if (x.Denormal && raiseDenormal && env.RaiseDenormal())
        {
            return 0;
        }

        return Pack(x, ref env);
    }

    public static void Unpack(ulong bits, bool denormalsAreZero, out Value value)
    {
        ulong fraction = bits & FractionMask;
        int field = (int)(bits >> TFormat.FractionBits) & MaximumField;
        value.Negative = (bits >> (TFormat.FractionBits + TFormat.ExponentBits) & 1) != 0;
        value.High = Value.IntegerBit | (fraction << (63 - TFormat.FractionBits));
        value.Low = 0;
        value.Exponent = field - Bias;
        value.Kind = ValueKind.Finite;
        value.Denormal = false;
        if ((uint)(field - 1) < (uint)(MaximumField - 1))
        {
            return;
        }

        if (field != 0)
        {
            value.Kind = fraction == 0 ? ValueKind.Infinity
                : (value.High & Value.QuietBit) != 0 ? ValueKind.QuietNan
                : ValueKind.SignallingNan;
        }
        else if (fraction == 0 || denormalsAreZero)
        {
            value.Kind = ValueKind.Zero;
        }
        else
        {
            value.High = fraction << (63 - TFormat.FractionBits);
            value.Exponent = 1 - Bias - Bits.Normalize(ref value.High, ref value.Low);
            value.Denormal = true;
        }
    }

    /// <summary>Rounds and packs a result.</summary>
    public static ulong Pack(in Value value, ref FpEnvironment env)
    {
        if (value.Kind != ValueKind.Finite)
        {
            return PackExact(value);
        }

        // Everything below the format's last bit becomes a 64-bit fraction.
        int precision = TFormat.FractionBits + 1;
        ulong magnitude = value.High >> (64 - precision);
        ulong fraction = (value.High << precision) | (value.Low != 0 ? 1UL : 0);
        int field = value.Exponent + Bias;
        ulong sign = value.Negative ? 1UL << (TFormat.FractionBits + TFormat.ExponentBits) : 0;
        bool up = Bits.RoundsUp(env.Rounding, value.Negative, magnitude, fraction);
        if (field < 1)
        {
            // Tininess is detected after rounding, as x86 does: a value that rounds to the smallest normal number is not tiny.
            bool tiny = field < 0 || !up || magnitude != (1UL << precision) - 1;
            if (tiny && !env.IsMasked(FpExceptions.Underflow))
            {
                // Nothing is stored; Precision tells of the rounding that was done with an unbounded exponent.
                env.Raise(fraction != 0 ? FpExceptions.Underflow | FpExceptions.Precision : FpExceptions.Underflow);
                env.RoundedUp = up;
                return sign;
            }

            if (tiny && env.FlushToZero)
            {
                env.Raise(FpExceptions.Underflow | FpExceptions.Precision);
                env.RoundedUp = false;
                return sign;
            }

            Bits.ShiftRightSticky(ref magnitude, ref fraction, 1 - field);
            up = Bits.RoundsUp(env.Rounding, value.Negative, magnitude, fraction);
            if (tiny && fraction != 0)
            {
                env.Raise(FpExceptions.Underflow);
            }

            field = 0;
        }
        else
        {
            // The hidden bit, when added to the exponent field below, makes it one more.
            field--;
        }

        if (up)
        {
            magnitude++;
        }

        // A carry out of the magnitude runs into the exponent field, as it should.
        ulong packed = ((ulong)field << TFormat.FractionBits) + magnitude;
        if (field >= MaximumField - 1 || packed >> TFormat.FractionBits >= (ulong)MaximumField)
        {
            return Overflow(value.Negative, sign, fraction != 0, ref env);
        }

        env.RoundedUp = up;
        if (fraction != 0)
        {
            env.Raise(FpExceptions.Precision);
        }

        return sign | packed;
    }

    /// <summary>Packs a value that needs no rounding.</summary>
    private static ulong PackExact(in Value value)
    {
        ulong sign = value.Negative ? 1UL << (TFormat.FractionBits + TFormat.ExponentBits) : 0;
        switch (value.Kind)
        {
            case ValueKind.Zero:
                return sign;
            case ValueKind.Infinity:
                return sign | ((ulong)MaximumField << TFormat.FractionBits);
            case ValueKind.Finite:
                if (value.Exponent + Bias < 1)
                {
                    ulong fraction = value.High >> (63 - TFormat.FractionBits);
                    return sign | (fraction >> (1 - value.Exponent - Bias));
                }

                return sign | (((ulong)(value.Exponent + Bias - 1) << TFormat.FractionBits)
                    + (value.High >> (63 - TFormat.FractionBits)));
            default:
                return sign | ((ulong)MaximumField << TFormat.FractionBits)
                    | ((value.High >> (63 - TFormat.FractionBits)) & FractionMask);
        }
    }

    private static ulong Overflow(bool negative, ulong sign, bool inexact, ref FpEnvironment env)
    {
        env.Raise(FpExceptions.Overflow);
        ulong infinity = (ulong)MaximumField << TFormat.FractionBits;
        if (!env.IsMasked(FpExceptions.Overflow))
        {
            // Nothing is stored; Precision tells of the rounding that was done with an unbounded exponent.
            if (inexact)
            {
                env.Raise(FpExceptions.Precision);
            }

            return sign | infinity;
        }

        env.Raise(FpExceptions.Precision);
        bool toInfinity = env.Rounding switch
        {
            FpRounding.Down => negative,
            FpRounding.Up => !negative,
            FpRounding.TowardZero => false,
            _ => true,
        };
        env.RoundedUp = toInfinity;
        return toInfinity ? sign | infinity : sign | (infinity - 1);
    }
}
