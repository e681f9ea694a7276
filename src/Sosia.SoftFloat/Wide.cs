using System;

namespace Sosia.SoftFloat;

/// <summary>
/// A floating-point number with a 128-bit significand, for the inside of the transcendental functions: High.Low × 2^(Exponent - 127) with bit 127 set,
/// or zero when High is zero. Sums are truncated with a sticky last bit, products are good to about 2^-126, quotients to about 2^-124.
/// </summary>
internal readonly struct Wide
{
    public readonly ulong High;
    public readonly ulong Low;
    public readonly int Exponent;
    public readonly bool Negative;

    public Wide(int exponent, ulong high, ulong low)
        : this(negative: false, exponent, high, low)
    {
    }

    private Wide(bool negative, int exponent, ulong high, ulong low)
    {
        Negative = negative;
        Exponent = exponent;
        High = high;
        Low = low;
    }

    public bool IsZero => High == 0;

    public static Wide operator -(in Wide x) => new(!x.Negative, x.Exponent, x.High, x.Low);

    public static Wide operator -(in Wide x, in Wide y) => x + -y;

    public static Wide operator +(in Wide x, in Wide y)
    {
        if (x.IsZero)
        {
            return y;
        }

        if (y.IsZero)
        {
            return x;
        }

        Arithmetic.AddFinite(x.ToValue(), y.ToValue(), negateY: false, FpRounding.NearestEven, out Value sum);
        return sum.Kind == ValueKind.Zero ? default : FromValue(sum);
    }

    public static Wide operator *(in Wide x, in Wide y)
    {
        if (x.IsZero || y.IsZero)
        {
            return default;
        }

        // The product's lowest 64 bits only count by their carry, which is left out.
        ulong high = Math.BigMul(x.High, y.High, out ulong low);
        ulong crossHigh = Math.BigMul(x.High, y.Low, out ulong crossLow);
        ulong otherHigh = Math.BigMul(x.Low, y.High, out ulong otherLow);
        ulong bottom = Math.BigMul(x.Low, y.Low, out _);
        ulong tail = crossLow + otherLow;
        ulong carry = tail < otherLow ? 1UL : 0;
        tail += bottom;
        carry += tail < bottom ? 1UL : 0;
        low += carry;
        high += low < carry ? 1UL : 0;
        low += crossHigh;
        high += low < crossHigh ? 1UL : 0;
        low += otherHigh;
        high += low < otherHigh ? 1UL : 0;
        int exponent = x.Exponent + y.Exponent + 1;
        if ((long)high >= 0)
        {
            high = (high << 1) | (low >> 63);
            low = (low << 1) | (tail >> 63);
            exponent--;
        }

        return new Wide(x.Negative ^ y.Negative, exponent, high, low);
    }

    public static Wide operator /(in Wide x, in Wide y)
    {
        if (y.Low == 0 && x.Low == 0)
        {
            return Quotient(x, y);
        }

        // One Newton step doubles the 63 good bits of the reciprocal of the divisor's upper half.
        Wide one = FromInteger(1);
        Wide divisor = new(negative: false, 0, y.High, y.Low);
        Wide reciprocal = Quotient(one, new Wide(0, y.High, 0));
        reciprocal = new Wide(negative: false, reciprocal.Exponent, reciprocal.High, 0);
        reciprocal += reciprocal * (one - divisor * reciprocal);
        Wide quotient = x * reciprocal;
        return new Wide(x.Negative ^ y.Negative, quotient.Exponent - y.Exponent, quotient.High, quotient.Low);
    }

    public static Wide FromInteger(int value) => value == 0 ? default : FromValue(Arithmetic.FromInteger(value < 0, (ulong)Math.Abs((long)value)));

    public static Wide FromValue(in Value value) => new(value.Negative, value.Exponent, value.High, value.Low);

    /// <summary>high.low × 2^exponent with the binary point before bit 127, whatever the leading zeros.</summary>
    public static Wide FromFraction(bool negative, int exponent, ulong high, ulong low)
    {
        if ((high | low) == 0)
        {
            return default;
        }

        int shift = Bits.Normalize(ref high, ref low);
        return new Wide(negative, exponent - 1 - shift, high, low);
    }

    /// <summary>The value times 2^exponent.</summary>
    public Wide Scaled(int exponent) => IsZero ? this : new Wide(Negative, Exponent + exponent, High, Low);

    public Wide Abs() => new(negative: false, Exponent, High, Low);

    /// <summary>|this| rounded to the nearest integer; it must be below 2^31.</summary>
    public int RoundToInteger()
    {
        if (IsZero || Exponent < -1)
        {
            return 0;
        }

        // Bit 63 of the shifted significand is worth 2^Exponent.
        ulong doubled = High >> (62 - Exponent);
        return (int)((doubled + 1) >> 1);
    }

    /// <summary>The value as an arithmetic result.</summary>
    public Value ToValue() => new()
    {
        High = High,
        Low = Low,
        Exponent = Exponent,
        Negative = Negative,
        Kind = IsZero ? ValueKind.Zero : ValueKind.Finite,
    };

    /// <summary>The quotient of two numbers of 64 bits, truncated to 128 bits with a sticky last bit.</summary>
    private static Wide Quotient(in Wide x, in Wide y)
    {
        int exponent = x.Exponent - y.Exponent;
        ulong high;
        ulong remainder;
        if (x.High < y.High)
        {
            exponent--;
            high = Bits.Divide128By64(x.High, 0, y.High, out remainder);
        }
        else
        {
            high = Bits.Divide128By64(x.High >> 1, x.High << 63, y.High, out remainder);
        }

        ulong low = Bits.Divide128By64(remainder, 0, y.High, out remainder);
        return new Wide(x.Negative ^ y.Negative, exponent, high, low | (remainder != 0 ? 1UL : 0));
    }
}
