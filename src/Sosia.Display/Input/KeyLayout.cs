using Sosia.Devices.I8042;

namespace Sosia.Display.Input;

/// <summary>Which keys of an American keyboard type which characters.</summary>
public static class KeyLayout
{
    private const string Plain = "1234567890-=qwertyuiop[]asdfghjkl;'`\\zxcvbnm,./ ";
    private const string Shifted = "!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"~|ZXCVBNM<>? ";

    // Set 1 make codes in the order of the two texts.
    private static readonly byte[] Codes =
    [
        0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d,
        0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
        0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2b,
        0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x39,
    ];

    /// <summary>Finds the key of a character.</summary>
    /// <param name="character">An ASCII character; also line feed, carriage return, tab, backspace and escape.</param>
    /// <param name="key">The key.</param>
    /// <param name="isShifted">True when Shift must be held.</param>
    /// <returns>False when no key types it.</returns>
    public static bool TryFind(char character, out Ps2Key key, out bool isShifted)
    {
        isShifted = false;
        key = character switch
        {
            '\n' or '\r' => Ps2Key.Enter,
            '\t' => Ps2Key.Tab,
            '\b' or '\x7f' => Ps2Key.Backspace,
            '\x1b' => Ps2Key.Escape,
            _ => Ps2Key.None,
        };
        if (key != Ps2Key.None)
        {
            return true;
        }

        int index = Plain.IndexOf(character);
        if (index < 0)
        {
            index = Shifted.IndexOf(character);
            isShifted = true;
        }

        key = index < 0 ? Ps2Key.None : (Ps2Key)Codes[index];
        return index >= 0;
    }
}
