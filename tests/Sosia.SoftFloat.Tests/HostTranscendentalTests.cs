using System;
using Xunit;

namespace Sosia.SoftFloat.Tests;

/// <summary>
/// The transcendental instructions against the host's x87: special operands and exceptions exactly, ordinary results within 1 unit in the last place of
/// each other (both are within 1 of the truth, and usually much nearer).
/// </summary>
public sealed class HostTranscendentalTests
{
    private const int Cases = 30_000;
    private const int C2 = 0x400;

    [HostTheory]
    [InlineData("F2XM1", new byte[] { 0xD9, 0xF0 })]
    [InlineData("FYL2X", new byte[] { 0xD9, 0xF1 })]
    [InlineData("FYL2XP1", new byte[] { 0xD9, 0xF9 })]
    [InlineData("FPATAN", new byte[] { 0xD9, 0xF3 })]
    [InlineData("FSIN", new byte[] { 0xD9, 0xFE })]
    [InlineData("FCOS", new byte[] { 0xD9, 0xFF })]
    [InlineData("FPTAN", new byte[] { 0xD9, 0xF2 })]
    public void Agrees_with_the_host(string name, byte[] code)
    {
        using HostX87 host = new(code);
        Operands operands = new(name.Length * 1000 + name[1]);
        int failures = 0;
        string report = "";
        for (int i = 0; i < Cases; i++)
        {
            Float80 a = operands.NextFloat80();
            Float80 b = operands.NextFloat80();
            if (!IsDefined(name, a))
            {
                a = new Float80((ushort)((a.SignExponent & 0x8000) | (Float80.Bias - 2 - operands.Next(20))), a.Significand);
            }

            ushort controlWord = operands.NextControlWord();
            FpEnvironment env = FpEnvironment.FromX87ControlWord(controlWord);
            Float80 result = TranscendentalTests.Compute(name, a, b, ref env);
            (ushort status, Float80 st0, Float80 st1) = host.Run(a, b, controlWord, []);
            bool pushed = name == "FPTAN" && (status & C2) == 0;
            Float80 expected = pushed && !env.HasUnmaskedPreComputation ? st1 : st0;
            bool outOfRange = name is "FSIN" or "FCOS" or "FPTAN" && a.Class == FpClass.Normal && a.ExponentField >= Float80.Bias + 63;
            int actualStatus = (int)env.Flags | (outOfRange ? C2 : 0);
            if (IsBesideSmallestNormal(expected, controlWord) || IsBesideSmallestNormal(result, controlWord))
            {
                // The host returns the operand for a tiny sine or angle, ours is rounded from just below it: on this border only one of them is tiny.
                continue;
            }

            bool same = env.HasUnmaskedPreComputation || outOfRange || IsClose(name, a, expected, result);
            int mask = (NativeCode.IsIntel ? 0x3F : 0x1F) | C2;
            if ((!same || ((actualStatus ^ status) & mask) != 0) && failures++ < 12)
            {
                report += $"\n{a.SignExponent:X4}:{a.Significand:X16} {b.SignExponent:X4}:{b.Significand:X16} CW {controlWord:X4}"
                    + $" host {expected.SignExponent:X4}:{expected.Significand:X16} {status & 0x43F:X4}"
                    + $" got {result.SignExponent:X4}:{result.Significand:X16} {actualStatus:X4}";
            }
        }

        Assert.True(failures == 0, $"{name}: {failures} of {Cases} differ{report}");
    }

    [HostTheory]
    [InlineData("FSINCOS", new byte[] { 0xD9, 0xFB })]
    [InlineData("FPTAN", new byte[] { 0xD9, 0xF2 })]
    [InlineData("FXTRACT", new byte[] { 0xD9, 0xF4 })]
    public void Pushes_what_the_host_pushes(string name, byte[] code)
    {
        using HostX87 host = new(code);
        Operands operands = new(name[2]);
        for (int i = 0; i < Cases; i++)
        {
            Float80 a = operands.NextFloat80();
            if (name != "FXTRACT" && a.ExponentField > Float80.Bias - 1 && a.Class == FpClass.Normal)
            {
                a = new Float80((ushort)(Float80.Bias - 1 - operands.Next(30)), a.Significand);
            }

            FpEnvironment env = FpEnvironment.FromX87ControlWord(0x37F);
            Float80 top;
            Float80 below;
            switch (name)
            {
                case "FSINCOS":
                    Float80Math.TrySineCosine(a, ref env, out below, out top);
                    break;
                case "FXTRACT":
                    Float80.Extract(a, ref env, out below, out top);
                    break;
                default:
                    Float80Math.TryTangent(a, ref env, out below);
                    top = below.IsNan ? below : Float80.One;
                    break;
            }

            (ushort status, Float80 st0, Float80 st1) = host.Run(a, Float80.Zero, 0x37F, []);
            bool same = name == "FXTRACT" ? top == st0 && below == st1 : IsClose(name, a, st0, top) && IsClose(name, a, st1, below);
            int mask = NativeCode.IsIntel ? 0x3F : 0x1F;
            if (!same || ((status ^ (int)env.Flags) & mask) != 0)
            {
                Assert.Fail($"{name} {a}: host {st0} {st1} {status & 0x3F:X2}, got {top} {below} {(int)env.Flags:X2}");
            }
        }
    }

    [HostTheory]
    [InlineData(Float80Constant.One, 0xE8)]
    [InlineData(Float80Constant.Log2Of10, 0xE9)]
    [InlineData(Float80Constant.Log2OfE, 0xEA)]
    [InlineData(Float80Constant.Pi, 0xEB)]
    [InlineData(Float80Constant.Log10Of2, 0xEC)]
    [InlineData(Float80Constant.LnOf2, 0xED)]
    [InlineData(Float80Constant.Zero, 0xEE)]
    public void Loads_the_constant_the_host_loads(Float80Constant constant, byte opcode)
    {
        using HostX87 host = new(0xD9, opcode);
        for (int rounding = 0; rounding < 4; rounding++)
        {
            (ushort status, Float80 st0, _) = host.Run(Float80.One, Float80.One, (ushort)(0x37F | (rounding << 10)), []);
            Assert.Equal(st0, Float80Math.Load(constant, (FpRounding)rounding));
            Assert.Equal(0, status & 0x23F);
        }
    }

    private static bool IsBesideSmallestNormal(Float80 value, ushort controlWord)
    {
        int field = value.ExponentField;
        return field <= 1 || ((controlWord & 0x10) == 0 && field is >= 24576 - 1 and <= 24576 + 1);
    }

    /// <summary>Whether the manual defines the result for ST(0).</summary>
    private static bool IsDefined(string name, Float80 a) => name switch
    {
        "F2XM1" => a.ExponentField < Float80.Bias || a.Class != FpClass.Normal,
        "FYL2XP1" => a.ExponentField < Float80.Bias - 2 || a.Class != FpClass.Normal,
        _ => true,
    };

    private static bool IsClose(string name, Float80 a, Float80 expected, Float80 actual)
    {
        if (expected == actual)
        {
            return true;
        }

        if (expected.Class is not (FpClass.Normal or FpClass.Denormal) || actual.Class is not (FpClass.Normal or FpClass.Denormal))
        {
            return false;
        }

        if (name is "FSIN" or "FCOS" or "FPTAN" && a.ExponentField >= Float80.Bias)
        {
            // The host reduces by a π of 66 bits: its results are elsewhere.
            return true;
        }

        // As integers, neighbours differ by one across exponents too, when the integer bit is left out.
        Int128 left = new(0, expected.Significand & (ulong.MaxValue >> 1));
        Int128 right = new(0, actual.Significand & (ulong.MaxValue >> 1));
        Int128 distance = ((Int128)expected.SignExponent << 63) + left - (((Int128)actual.SignExponent << 63) + right);
        int limit = NativeCode.IsIntel ? 1 : 2;
        return distance >= -limit && distance <= limit;
    }
}
