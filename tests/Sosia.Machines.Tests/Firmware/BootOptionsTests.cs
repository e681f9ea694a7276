using System.Linq;
using Sosia.Core;
using Sosia.Machines.Firmware;
using Xunit;

namespace Sosia.Machines.Tests.Firmware;

public sealed class BootOptionsTests
{
    [Theory]
    [InlineData("d", "dcan")]
    [InlineData("ad", "adcn")]
    [InlineData("order=nd,menu", "ndca")]
    [InlineData("menu", "cdan")]
    [InlineData("da,strict", "da")]
    [InlineData("c,once=d", "dcan")]
    public void What_is_not_named_comes_behind_unless_the_order_is_strict(string text, string expected)
        => Assert.Equal(expected, string.Concat(BootOptions.Parse(text).Kinds(isFirstStart: true).Select(static kind => "cdan"[(int)kind])));

    [Fact]
    public void The_order_of_the_first_start_is_not_that_of_the_next()
        => Assert.Equal(BootDeviceKind.Disk, BootOptions.Parse("c,once=d").Kinds(isFirstStart: false)[0]);

    [Theory]
    [InlineData("x", "x")]
    [InlineData("cc", "cc")]
    [InlineData("", "empty order")]
    [InlineData("c,menu=maybe", "maybe")]
    [InlineData("c,menu,menu", "twice")]
    [InlineData("c,splash=1", "splash")]
    [InlineData("c,menu-wait=70000", "70000")]
    [InlineData("c,retry=-1", "-1")]
    public void What_cannot_be_understood_is_named(string text, string expected)
        => Assert.Contains(expected, Assert.Throws<SosiaException>(() => BootOptions.Parse(text)).Message, System.StringComparison.Ordinal);
}
