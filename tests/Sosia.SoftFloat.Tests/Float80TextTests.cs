using System;
using Xunit;

namespace Sosia.SoftFloat.Tests;

public sealed class Float80TextTests
{
    [Theory]
    [InlineData("3FFF:8000000000000000", "1e0")]
    [InlineData("BFFF:C000000000000000", "-1.5e0")]
    [InlineData("4000:C90FDAA22168C235", "3.14159265358979323851e0")]
    [InlineData("3FFB:CCCCCCCCCCCCCCCD", "1.00000000000000000001e-1")]
    [InlineData("7FFE:FFFFFFFFFFFFFFFF", "1.18973149535723176502e4932")]
    [InlineData("0000:0000000000000001", "3.64519953188247460253e-4951")]
    [InlineData("403E:FFFFFFFFFFFFFFFF", "1.8446744073709551615e19")]
    [InlineData("0000:0000000000000000", "0")]
    [InlineData("8000:0000000000000000", "-0")]
    [InlineData("7FFF:8000000000000000", "Infinity")]
    [InlineData("FFFF:C000000000000000", "-NaN(0)")]
    [InlineData("7FFF:8000000000000001", "SNaN(1)")]
    [InlineData("4000:0000000000000001", "Unsupported(4000:0000000000000001)")]
    public void Formats_as_decimal(string encoding, string text)
    {
        Float80 value = Float80.ParseHex(encoding);
        Assert.Equal(text, value.ToString());
        Assert.Equal(encoding, value.ToHexString());
        if (char.IsAsciiDigit(text[^1]) || text == "Infinity")
        {
            Assert.Equal(value, Float80.Parse(text));
        }
    }

    [Fact]
    public void What_it_formats_it_parses_back()
    {
        Operands operands = new(21);
        for (int i = 0; i < 500; i++)
        {
            Float80 value = operands.NextFloat80();
            if (value.Class is FpClass.Normal or FpClass.Zero || (value.Class == FpClass.Denormal && value.Significand >> 63 == 0))
            {
                Assert.Equal(value, Float80.Parse(value.ToString()));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1e")]
    [InlineData("1.2.3")]
    [InlineData("1e999999999")]
    [InlineData("NaN")]
    public void Refuses_what_is_no_number(string text) => Assert.Throws<FormatException>(() => Float80.Parse(text));
}
