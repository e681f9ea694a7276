using Xunit;

namespace Sosia.SoftFloat.Tests;

/// <summary>The MXCSR flags that an Intel processor had set when the instruction ended in SIMD floating-point exceptions, and at other corners of MXCSR.</summary>
public sealed class UnmaskedSseTests
{
    private const uint AllMasked = 0x1F80;

    [Theory]
    [InlineData("mul", 0x00800001, 0x3F000000, AllMasked & ~0x800u, 0x10)] // tiny; exact but for the exponent's range
    [InlineData("mul", 0x00800000, 0x3F000000, AllMasked & ~0x800u, 0x10)] // tiny and exact
    [InlineData("mul", 0x7F7FFFFF, 0x7F7FFFFF, AllMasked & ~0x400u, 0x28)]
    [InlineData("mul", 0x7F000000, 0x7F000000, AllMasked & ~0x400u, 0x08)] // the rounded significand is exact
    [InlineData("mul", 0x00800001, 0x3F000000, (AllMasked & ~0x800u) | 0x8000, 0x10)] // flush-to-zero counts only while underflow is masked
    [InlineData("div", 0x00000001, 0x00000000, AllMasked & ~0x200u, 0x04)]
    [InlineData("div", 0x00000001, 0x00000000, AllMasked & ~0x100u, 0x04)] // a division by zero goes before the denormal operand
    [InlineData("mul", 0x00000001, 0x3F7FFFFF, AllMasked & ~0x100u, 0x02)] // an unmasked denormal operand ends the operation
    [InlineData("mul", 0x00000001, 0x3F7FFFFF, AllMasked & ~0x1000u, 0x32)]
    [InlineData("mul", 0x00800001, 0x3F000000, AllMasked & ~0x1000u, 0x30)]
    public void Raises_the_flags_of_the_processor(string operation, uint a, uint b, uint mxcsr, int flags)
    {
        FpEnvironment env = FpEnvironment.FromMxcsr(mxcsr, accumulate: false);
        _ = operation == "mul" ? Float32.Multiply(a, b, ref env) : Float32.Divide(a, b, ref env);
        Assert.Equal(flags, (int)env.Flags);
    }

    [Theory]
    [InlineData(0x00800000, 0x3F000000, 0x9F80, 0x00000000, 0x30)] // flushed although exact
    [InlineData(0x00FFFFFF, 0x3F000000, 0x9F80, 0x00000000, 0x30)] // tiny although its denormal rounding is not
    [InlineData(0x00FFFFFF, 0x3F000000, 0x1F80, 0x00800000, 0x30)]
    [InlineData(0x3F7FFFFF, 0x00800001, 0x9F80, 0x00800000, 0x20)] // rounds to the smallest normal number: not tiny
    public void Flushes_what_is_tiny_after_rounding(uint a, uint b, uint mxcsr, uint result, int flags)
    {
        FpEnvironment env = FpEnvironment.FromMxcsr(mxcsr, accumulate: false);
        Assert.Equal(result, Float32.Multiply(a, b, ref env));
        Assert.Equal(flags, (int)env.Flags);
    }
}
