using System;
using System.Globalization;
using System.IO;
using Xunit;

namespace Sosia.SoftFloat.Tests;

/// <summary>The transcendental functions against values computed with 700 bits, in every rounding direction.</summary>
public sealed class TranscendentalTests
{
    [Theory]
    [InlineData("FSIN")]
    [InlineData("FCOS")]
    [InlineData("FPTAN")]
    [InlineData("F2XM1")]
    [InlineData("FYL2X")]
    [InlineData("FYL2XP1")]
    [InlineData("FPATAN")]
    public void Is_the_correctly_rounded_true_value(string function)
    {
        int checkedLines = 0;
        string report = "";
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Vectors", "transcendental.txt")))
        {
            string[] fields = line.Split(' ');
            if (fields[0] != function)
            {
                continue;
            }

            Float80 x = ParseRaw(fields[1]);
            Float80 y = fields[2] == "-" ? default : ParseRaw(fields[2]);
            bool negative = fields[3] == "-";
            int exponent = int.Parse(fields[4], CultureInfo.InvariantCulture);
            ulong significand = ulong.Parse(fields[5], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            uint fraction = uint.Parse(fields[6], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            checkedLines++;
            foreach (FpRounding rounding in new[] { FpRounding.NearestEven, FpRounding.Down, FpRounding.Up, FpRounding.TowardZero })
            {
                FpEnvironment env = FpEnvironment.FromX87ControlWord((ushort)(0x3F | ((int)rounding << 10)));
                Float80 actual = Compute(function, x, y, ref env);
                bool up = rounding switch
                {
                    FpRounding.NearestEven => fraction >= 0x8000_0000,
                    FpRounding.Down => negative,
                    FpRounding.Up => !negative,
                    _ => false,
                };
                Float80 expected = Expected(negative, exponent, significand, up);
                bool normal = expected.ExponentField is > 0 and < Float80.MaximumField;
                if (normal && (actual != expected || env.Flags != FpExceptions.Precision || env.RoundedUp != up))
                {
                    report += $"\n{line} {rounding}: got {actual.SignExponent:X4}:{actual.Significand:X16} {env.Flags} up {env.RoundedUp}";
                }
            }
        }

        Assert.True(checkedLines > 100, $"only {checkedLines} vectors for {function}");
        Assert.True(report.Length == 0, report);
    }

    internal static Float80 Compute(string function, Float80 x, Float80 y, ref FpEnvironment env)
    {
        Float80 result;
        switch (function)
        {
            case "FSIN":
                return Float80Math.TrySine(x, ref env, out result) ? result : x;
            case "FCOS":
                return Float80Math.TryCosine(x, ref env, out result) ? result : x;
            case "FPTAN":
                return Float80Math.TryTangent(x, ref env, out result) ? result : x;
            case "F2XM1":
                return Float80Math.TwoToXMinus1(x, ref env);
            case "FYL2X":
                return Float80Math.YLog2X(y, x, ref env);
            case "FYL2XP1":
                return Float80Math.YLog2XPlus1(y, x, ref env);
            case "FPATAN":
                return Float80Math.ArcTangent(y, x, ref env);
            default:
                throw new ArgumentException(function);
        }
    }

    private static Float80 Expected(bool negative, int exponent, ulong significand, bool up)
    {
        if (up && ++significand == 0)
        {
            significand = 1UL << 63;
            exponent++;
        }

        int field = Math.Clamp(exponent + Float80.Bias, 0, Float80.MaximumField);
        return new Float80((ushort)(field | (negative ? 0x8000 : 0)), significand);
    }

    private static Float80 ParseRaw(string text) => new(
        ushort.Parse(text.AsSpan(0, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        ulong.Parse(text.AsSpan(5), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
