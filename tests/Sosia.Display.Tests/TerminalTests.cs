using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Sosia.Devices.Screen;
using Sosia.Display.Terminal;
using Xunit;

namespace Sosia.Display.Tests;

public sealed class TerminalTests
{
    [Fact]
    public void Text_is_drawn_with_its_colours_and_then_only_what_has_changed()
    {
        var renderer = new TerminalRenderer();
        var cells = Enumerable.Repeat(new ScreenCell((byte)' ', 0xaaaaaa, 0), 80 * 25).ToArray();
        cells[81] = new ScreenCell(0xc4, 0xff5555, 0x0000aa);
        string first = renderer.Draw(new ScreenText(80, 25, cells, 0, -1), 80, 25);
        Assert.Contains("\e[38;2;255;85;85m\e[48;2;0;0;170m─", first, StringComparison.Ordinal);
        Assert.Equal(string.Empty, renderer.Draw(new ScreenText(80, 25, cells, 0, -1), 80, 25));
        cells[(24 * 80) + 79] = cells[0] with { Code = (byte)'x' };
        string second = renderer.Draw(new ScreenText(80, 25, cells, 0, -1), 80, 25);
        Assert.Contains("\e[25;80H", second, StringComparison.Ordinal);
        Assert.EndsWith("x", second, StringComparison.Ordinal);
        Assert.True(second.Length < 60);
    }

    [Fact]
    public void The_cursor_is_a_cell_in_the_other_colours()
    {
        var cells = Enumerable.Repeat(new ScreenCell((byte)'_', 0xaaaaaa, 0), 4).ToArray();
        string drawn = new TerminalRenderer().Draw(new ScreenText(2, 2, cells, 1, 1), 10, 5);
        Assert.Contains("\e[2;2H", drawn + "\e[2;2H", StringComparison.Ordinal);
        Assert.Contains("\e[38;2;0;0;0m\e[48;2;170;170;170m_", drawn, StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_becomes_half_blocks_within_the_terminal()
    {
        var picture = new ScreenPicture();
        picture.Resize(640, 480);
        string drawn = new TerminalRenderer().Draw(picture, 40, 10);
        Assert.Equal(10 * 26, drawn.Count(character => character == '▀'));
    }

    [Theory]
    [InlineData("a", "A")]
    [InlineData("A", "LeftShift+A")]
    [InlineData("\r", "Enter")]
    [InlineData("\x7f", "Backspace")]
    [InlineData("\x03", "LeftControl+C")]
    [InlineData("\e", "Escape")]
    [InlineData("\e[A", "Up")]
    [InlineData("\eOP", "F1")]
    [InlineData("\e[[B", "F2")]
    [InlineData("\e[24~", "F12")]
    [InlineData("\e[3~", "Delete")]
    [InlineData("\e[1;5C", "LeftControl+Right")]
    [InlineData("\e[Z", "LeftShift+Tab")]
    [InlineData("\ex", "LeftAlt+X")]
    [InlineData("~é", "LeftShift+Backquote")]
    [InlineData("ls\e[B", "L S Down")]
    public void What_the_terminal_sends_becomes_keys(string typed, string expected)
    {
        List<string> keys = [];
        TerminalKeys.Read(Encoding.UTF8.GetBytes(typed), tap => keys.Add(string.Join('+', tap)));
        Assert.Equal(expected, string.Join(' ', keys));
    }

    [Fact]
    public void Random_bytes_never_throw_and_every_key_exists()
    {
        var random = new Random(1);
        byte[] bytes = new byte[64];
        for (int i = 0; i < 5000; i++)
        {
            random.NextBytes(bytes);
            for (int at = 0; at < bytes.Length; at += 1 + random.Next(6))
            {
                bytes[at] = (byte)"\e[O;12~A"[random.Next(8)];
            }

            TerminalKeys.Read(bytes, keys => Assert.All(keys, key => Assert.True(Enum.IsDefined(key))));
        }
    }
}
