using Sosia.Devices.I8042;
using Sosia.Display.Input;
using Xunit;

namespace Sosia.Display.Tests;

public sealed class KeyTests
{
    [Theory]
    [InlineData('a', Ps2Key.A, false)]
    [InlineData('Z', Ps2Key.Z, true)]
    [InlineData('0', Ps2Key.Digit0, false)]
    [InlineData(')', Ps2Key.Digit0, true)]
    [InlineData('"', Ps2Key.Quote, true)]
    [InlineData('\\', Ps2Key.Backslash, false)]
    [InlineData('~', Ps2Key.Backquote, true)]
    [InlineData('?', Ps2Key.Slash, true)]
    [InlineData(' ', Ps2Key.Space, false)]
    public void Characters_are_on_the_keys_of_an_American_keyboard(char character, Ps2Key expected, bool isShifted)
    {
        Assert.True(KeyLayout.TryFind(character, out Ps2Key key, out bool shifted));
        Assert.Equal((expected, isShifted), (key, shifted));
    }

    [Fact]
    public void Every_printable_character_is_on_a_key()
    {
        for (char character = ' '; character < '\x7f'; character++)
        {
            Assert.True(KeyLayout.TryFind(character, out Ps2Key key, out _), character.ToString());
            Assert.True(System.Enum.IsDefined(key), character.ToString());
        }
    }

    [Theory]
    [InlineData(0x1d, Ps2Key.LeftControl)]
    [InlineData(0x9d, Ps2Key.RightControl)]
    [InlineData(0xe01d, Ps2Key.RightControl)]
    [InlineData(0xc8, Ps2Key.Up)]
    [InlineData(0xc6, Ps2Key.Pause)]
    [InlineData(0x1000, Ps2Key.None)]
    public void Scan_codes_of_extended_key_events_are_keys(uint code, Ps2Key expected) => Assert.Equal(expected, KeySyms.FromScanCode(code));

    [Theory]
    [InlineData(0xffbe, Ps2Key.F1)]
    [InlineData(0xffc7, Ps2Key.F10)]
    [InlineData(0xffc9, Ps2Key.F12)]
    [InlineData(0xffb5, Ps2Key.Keypad5)]
    [InlineData(0xff0d, Ps2Key.Enter)]
    public void Key_symbols_are_keys(uint symbol, Ps2Key expected)
    {
        Assert.True(KeySyms.TryFind(symbol, out Ps2Key key, out _));
        Assert.Equal(expected, key);
    }
}
