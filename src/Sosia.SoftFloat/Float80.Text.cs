using System;
using System.Globalization;
using System.Numerics;

namespace Sosia.SoftFloat;

/// <content>Text, for debuggers and tests.</content>
public readonly partial struct Float80
{
    private const int Digits = 21;

    /// <summary>The encoding in hexadecimal: sign and exponent, a colon, the significand, as in "3FFF:8000000000000000".</summary>
    public string ToHexString() => $"{SignExponent:X4}:{Significand:X16}";

    /// <summary>
    /// The value in scientific decimal notation, correctly rounded to 21 digits, which tell every two values apart ("1.5e0"); "Infinity", "NaN(payload)" with the fraction in hexadecimal,
    /// "SNaN(payload)" and "Unsupported(encoding)" for what is no number.
    /// </summary>
    public override string ToString()
    {
        string sign = IsNegative ? "-" : "";
        switch (Class)
        {
            case FpClass.Zero:
                return sign + "0";
            case FpClass.Infinity:
                return sign + "Infinity";
            case FpClass.Nan:
                return $"{sign}{(IsSignallingNan ? "SNaN" : "NaN")}({Significand & (Value.QuietBit - 1):X})";
            case FpClass.Unsupported:
                return $"Unsupported({ToHexString()})";
            default:
                return sign + FormatMagnitude();
        }
    }

    /// <summary>Parses the encoding in hexadecimal, the inverse of <see cref="ToHexString"/>.</summary>
    /// <exception cref="FormatException">The text is not four hexadecimal digits, a colon and sixteen more.</exception>
    public static Float80 ParseHex(ReadOnlySpan<char> text)
    {
        if (text.Length != 21 || text[4] != ':'
            || !ushort.TryParse(text[..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort signExponent)
            || !ulong.TryParse(text[5..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong significand))
        {
            throw new FormatException($"'{text}' is not an 80-bit encoding such as 3FFF:8000000000000000");
        }

        return new Float80(signExponent, significand);
    }

    /// <summary>Parses a decimal number ("-12.5e-3"), rounding to nearest, or "Infinity", with an optional sign.</summary>
    /// <exception cref="FormatException">The text is neither, or its exponent is beyond ±100000.</exception>
    public static Float80 Parse(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> rest = text;
        bool negative = !rest.IsEmpty && rest[0] == '-';
        if (!rest.IsEmpty && rest[0] is '-' or '+')
        {
            rest = rest[1..];
        }

        if (rest.Equals("Infinity", StringComparison.OrdinalIgnoreCase))
        {
            return negative ? NegativeInfinity : PositiveInfinity;
        }

        BigInteger digits = BigInteger.Zero;
        int power = 0;
        int count = 0;
        bool point = false;
        int at = 0;
        for (; at < rest.Length && (char.IsAsciiDigit(rest[at]) || (rest[at] == '.' && !point)); at++)
        {
            if (rest[at] == '.')
            {
                point = true;
                continue;
            }

            digits = digits * 10 + (rest[at] - '0');
            count++;
            power -= point ? 1 : 0;
        }

        int exponent = 0;
        bool valid = count != 0 && (at == rest.Length || (rest[at] is 'e' or 'E'
            && int.TryParse(rest[(at + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
            && Math.Abs(exponent) <= 100_000));
        if (!valid)
        {
            throw new FormatException($"'{text}' is not a decimal number");
        }

        power += exponent;
        BigInteger scale = BigInteger.Pow(10, Math.Abs(power));
        return FromRatio(negative, power >= 0 ? digits * scale : digits, power >= 0 ? BigInteger.One : scale);
    }

    private static Float80 FromRatio(bool negative, BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero)
        {
            return new Float80((ushort)(negative ? 0x8000 : 0), 0);
        }

        // Scaled so that the quotient has 66 bits or one more: 64, a rounding bit, and the rest made sticky.
        int shift = 66 - (int)(numerator.GetBitLength() - denominator.GetBitLength());
        BigInteger quotient = shift >= 0
            ? BigInteger.DivRem(numerator << shift, denominator, out BigInteger remainder)
            : BigInteger.DivRem(numerator, denominator << -shift, out remainder);
        UInt128 bits = (UInt128)quotient << 2 | (remainder.IsZero ? 0u : 1u);
        Value value = new() { Negative = negative, High = (ulong)(bits >> 64), Low = (ulong)bits };
        value.Exponent = 127 - 2 - shift - Bits.Normalize(ref value.High, ref value.Low);
        FpEnvironment env = new() { Masks = FpExceptions.All };
        return Pack(value, FpPrecision.Extended, ref env);
    }

    private string FormatMagnitude()
    {
        int exponent = Math.Max(ExponentField, 1) - Bias - 63;
        BigInteger numerator = Significand;
        BigInteger denominator = BigInteger.One;
        if (exponent >= 0)
        {
            numerator <<= exponent;
        }
        else
        {
            denominator <<= -exponent;
        }

        // An estimate of the decimal exponent, one too small at most, or too large.
        int decimalExponent = (int)Math.Floor((exponent + 64 - BitOperations.LeadingZeroCount(Significand)) * 0.30102999566398120);
        BigInteger limit = BigInteger.Pow(10, Digits);
        BigInteger digits;
        while (true)
        {
            int power = Digits - 1 - decimalExponent;
            BigInteger scaled = power >= 0 ? numerator * BigInteger.Pow(10, power) : numerator;
            BigInteger divisor = power >= 0 ? denominator : denominator * BigInteger.Pow(10, -power);
            digits = BigInteger.DivRem(scaled, divisor, out BigInteger remainder);
            int half = (remainder << 1).CompareTo(divisor);
            if (half > 0 || (half == 0 && !digits.IsEven))
            {
                digits++;
            }

            if (digits >= limit)
            {
                decimalExponent++;
            }
            else if (digits < limit / 10)
            {
                decimalExponent--;
            }
            else
            {
                break;
            }
        }

        string text = digits.ToString(CultureInfo.InvariantCulture);
        string fraction = text[1..].TrimEnd('0');
        return fraction.Length == 0 ? $"{text[0]}e{decimalExponent}" : $"{text[0]}.{fraction}e{decimalExponent}";
    }
}
