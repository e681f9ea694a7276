using System;

namespace Sosia.SoftFloat;

/// <summary>
/// The transcendental functions on 128-bit numbers: reduction to a small argument with the help of a table, then a power series. Relative errors are below 2^-115, so
/// that a result rounded to 64 bits is, but for one in about 2^50 arguments, the correctly rounded one.
/// </summary>
internal static class WideFunctions
{
    /// <summary>The series of these lengths end with terms below 2^-122 of their first.</summary>
    private const int ExponentialTerms = 14;
    private const int OddTerms = 12;
    private const int CircularTerms = 17;

    private static readonly Wide One = Wide.FromInteger(1);

    /// <summary>1/(n + 1)! for the series (e^t - 1)/t.</summary>
    private static readonly Fixed[] ExponentialSeries = Series(ExponentialTerms, static n => n + 1);

    /// <summary>1/(2n + 1)! for sin t/t and 1/(2n)! for cos t, in powers of t^2.</summary>
    private static readonly Fixed[] SineSeries = Series(CircularTerms, static n => 2 * n * (2 * n + 1));
    private static readonly Fixed[] CosineSeries = Series(CircularTerms, static n => (2 * n - 1) * 2 * n);

    /// <summary>1/(2n + 1) for atanh t/t and atan t/t, in powers of t^2.</summary>
    private static readonly Fixed[] ArctangentSeries = OddReciprocals();

    /// <summary>2^x - 1 for |x| &lt;= 1.</summary>
    public static Wide Exp2Minus1(in Wide x)
    {
        // 2^x = 2^(i/32) e^t with |t| <= ln 2 / 64.
        int i = x.Scaled(5).RoundToInteger();
        i = x.Negative ? -i : i;
        Wide t = (x - Wide.FromInteger(i).Scaled(-5)) * WideConstants.Ln2;
        Wide series = t * Evaluate(ExponentialSeries, t.Abs(), t.Negative);
        if (i == 0)
        {
            return series;
        }

        Wide power = WideConstants.PowersOfTwo[i + 32];
        return power - One + power * series;
    }

    /// <summary>log2 x for x above 0.</summary>
    public static Wide Log2(in Wide x)
    {
        // x = 2^e m with sqrt(1/2) <= m < sqrt(2), near enough.
        bool upper = x.High >= 0xB504_F333_F9DE_6484;
        int e = upper ? x.Exponent + 1 : x.Exponent;
        Wide m = x.Scaled(-e);
        int i = m.Scaled(5).RoundToInteger();
        Wide center = Wide.FromInteger(i).Scaled(-5);
        Wide logarithm = TwiceHyperbolicArctangent(m - center, m + center);
        if (i != 32)
        {
            Wide table = WideConstants.Logarithms[i - 22];
            logarithm += i < 32 ? -table : table;
        }

        return Wide.FromInteger(e) + logarithm * WideConstants.Log2E;
    }

    /// <summary>log2(1 + x) for x above -1.</summary>
    public static Wide Log2Plus1(in Wide x)
    {
        if (x.Exponent >= -7)
        {
            // The sum is exact.
            return Log2(One + x);
        }

        return TwiceHyperbolicArctangent(x, Wide.FromInteger(2) + x) * WideConstants.Log2E;
    }

    /// <summary>The angle of the point (x, y) for positive x and y: 0 to π/2.</summary>
    public static Wide Arctangent(in Wide y, in Wide x)
    {
        bool swap = y.Exponent != x.Exponent ? y.Exponent > x.Exponent : y.High > x.High;
        Wide quotient = swap ? x / y : y / x;
        int i = quotient.Scaled(5).RoundToInteger();
        Wide t = quotient;
        if (i != 0)
        {
            Wide center = Wide.FromInteger(i).Scaled(-5);
            t = (quotient - center) / (One + quotient * center);
        }

        // The cubic and higher terms are kept apart, so that the sum tells on which side of t the angle of a tiny t lies.
        Wide square = t * t;
        Wide angle = t - t * square * Evaluate(ArctangentSeries.AsSpan(1), square, alternating: true);
        if (i != 0)
        {
            angle += WideConstants.Arctangents[i];
        }

        return swap ? WideConstants.HalfPi - angle : angle;
    }

    /// <summary>Sine of a number below 2^63 in magnitude.</summary>
    public static Wide Sine(in Wide x)
    {
        Wide t = Reduce(x, out int quadrant);
        return QuadrantSine(t, quadrant);
    }

    /// <summary>Cosine of a number below 2^63 in magnitude.</summary>
    public static Wide Cosine(in Wide x)
    {
        Wide t = Reduce(x, out int quadrant);
        return QuadrantSine(t, quadrant + 1);
    }

    /// <summary>Sine and cosine of a number below 2^63 in magnitude.</summary>
    public static void SineCosine(in Wide x, out Wide sine, out Wide cosine)
    {
        Wide t = Reduce(x, out int quadrant);
        sine = QuadrantSine(t, quadrant);
        cosine = QuadrantSine(t, quadrant + 1);
    }

    /// <summary>Tangent of a number below 2^63 in magnitude.</summary>
    public static Wide Tangent(in Wide x)
    {
        if (x.Exponent < -40)
        {
            // x + x^3/3: a quotient would not tell that the result is the larger one.
            return x + x * x * x * ArctangentSeries[1].ToWide();
        }

        SineCosine(x, out Wide sine, out Wide cosine);
        return sine / cosine;
    }

    /// <summary>The sine of t + quadrant × π/2 for |t| up to π/4.</summary>
    private static Wide QuadrantSine(in Wide t, int quadrant)
    {
        Wide square = t * t;
        Wide value = (quadrant & 1) == 0
            ? t - t * square * Evaluate(SineSeries.AsSpan(1), square, alternating: true)
            : One - square * Evaluate(CosineSeries.AsSpan(1), square, alternating: true);
        return (quadrant & 2) != 0 ? -value : value;
    }

    /// <summary>
    /// x modulo π/2, between -π/4 and π/4, with the multiple of π/2 that was taken off. Exact in effect: 2/π is used to 256 bits, so that 120 good bits remain
    /// even for the arguments that come closest to a multiple of π/2.
    /// </summary>
    private static Wide Reduce(in Wide x, out int quadrant)
    {
        quadrant = 0;
        if (x.Exponent < -1)
        {
            return x;
        }

        // x = High × 2^(Exponent - 63); High × 2/π has five words, of which the uppermost is the integer part before the shift.
        Span<ulong> words = stackalloc ulong[5];
        ulong carry = 0;
        for (int i = 3; i >= 0; i--)
        {
            ulong high = Math.BigMul(x.High, WideConstants.TwoOverPi[i], out ulong low);
            low += carry;
            carry = high + (low < carry ? 1UL : 0);
            words[i + 1] = low;
        }

        words[0] = carry;
        int shift = 63 - x.Exponent;
        if (shift == 64)
        {
            words[..4].CopyTo(words[1..]);
            words[0] = 0;
        }
        else
        {
            for (int i = 4; i > 0; i--)
            {
                words[i] = (words[i] >> shift) | (words[i - 1] << (64 - shift));
            }

            words[0] >>= shift;
        }

        bool negative = x.Negative;
        ulong integer = words[0];
        if ((words[1] & Value.IntegerBit) != 0)
        {
            // Nearer to the next multiple: the complement of the fraction, on the other side.
            integer++;
            negative = !negative;
            ulong borrow = 1;
            for (int i = 4; i > 0; i--)
            {
                words[i] = ~words[i] + borrow;
                borrow = words[i] == 0 ? borrow : 0;
            }
        }

        quadrant = (int)(x.Negative ? 0 - integer : integer) & 3;
        int exponent = 0;
        while (words[1] == 0 && exponent > -128)
        {
            words[2..].CopyTo(words[1..]);
            words[4] = 0;
            exponent -= 64;
        }

        int lead = System.Numerics.BitOperations.LeadingZeroCount(words[1]);
        ulong top = words[1];
        ulong next = words[2];
        if (lead != 0)
        {
            top = (top << lead) | (next >> (64 - lead));
            next = (next << lead) | (words[3] >> (64 - lead));
        }

        return Wide.FromFraction(negative, exponent - lead, top, next) * WideConstants.HalfPi;
    }

    /// <summary>2 atanh(numerator/denominator), the logarithm of (denominator + numerator)/(denominator - numerator).</summary>
    private static Wide TwiceHyperbolicArctangent(in Wide numerator, in Wide denominator)
    {
        if (numerator.IsZero)
        {
            return default;
        }

        Wide z = numerator / denominator;
        return (z * Evaluate(ArctangentSeries, z * z, alternating: false)).Scaled(1);
    }

    /// <summary>
    /// Sum of the coefficients times powers of x, or of -x. Everything is positive and below 2, so that it runs in fixed point with 127 bits after the point.
    /// </summary>
    private static Wide Evaluate(ReadOnlySpan<Fixed> coefficients, in Wide x, bool alternating)
    {
        Fixed factor = Fixed.FromWide(x);
        Fixed sum = coefficients[^1];
        for (int i = coefficients.Length - 2; i >= 0; i--)
        {
            Fixed product = Fixed.Multiply(sum, factor);
            sum = alternating ? Fixed.Subtract(coefficients[i], product) : Fixed.Add(coefficients[i], product);
        }

        return sum.ToWide();
    }

    /// <summary>Coefficients of which each is the one before divided by an integer.</summary>
    private static Fixed[] Series(int length, Func<int, int> divisor)
    {
        Fixed[] series = new Fixed[length];
        Wide coefficient = Wide.FromInteger(1);
        series[0] = Fixed.FromWide(coefficient);
        for (int n = 1; n < length; n++)
        {
            coefficient /= Wide.FromInteger(divisor(n));
            series[n] = Fixed.FromWide(coefficient);
        }

        return series;
    }

    private static Fixed[] OddReciprocals()
    {
        Fixed[] series = new Fixed[OddTerms];
        for (int n = 0; n < OddTerms; n++)
        {
            series[n] = Fixed.FromWide(Wide.FromInteger(1) / Wide.FromInteger(2 * n + 1));
        }

        return series;
    }
}
