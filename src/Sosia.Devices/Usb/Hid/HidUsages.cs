using Sosia.Devices.I8042;

namespace Sosia.Devices.Usb.Hid;

/// <summary>Keys' numbers on the keyboard page (HID Usage Tables 1.12, section 10).</summary>
internal static class HidUsages
{
    private const int ExtendedOffset = 0x80;

    // By scan code set 1; extended codes from 0x80 on.
    private static readonly byte[] Usages = Make();

    /// <summary>A key's usage; 0 for none.</summary>
    public static byte Of(Ps2Key key)
    {
        int code = (int)key;
        return code switch
        {
            (int)Ps2Key.Pause => 0x48,
            >= 0x100 and < 0x180 => Usages[code - 0x100 + ExtendedOffset],
            >= 0 and < 0x80 => Usages[code],
            _ => 0,
        };
    }

    private static byte[] Make()
    {
        byte[] usages = new byte[0x100];
        const string letters = "QWERTYUIOP\0\0\0\0ASDFGHJKL\0\0\0\0\0ZXCVBNM";
        for (int i = 0; i < letters.Length; i++)
        {
            usages[(int)Ps2Key.Q + i] = letters[i] == '\0' ? (byte)0 : (byte)(letters[i] - 'A' + 0x04);
        }

        for (int i = 0; i < 10; i++)
        {
            usages[(int)Ps2Key.Digit1 + i] = (byte)(0x1e + i);
            usages[(int)Ps2Key.F1 + i] = (byte)(0x3a + i);
        }

        foreach ((Ps2Key key, byte usage) in (System.ReadOnlySpan<(Ps2Key, byte)>)
            [
                (Ps2Key.Enter, 0x28), (Ps2Key.Escape, 0x29), (Ps2Key.Backspace, 0x2a), (Ps2Key.Tab, 0x2b), (Ps2Key.Space, 0x2c), (Ps2Key.Minus, 0x2d),
                (Ps2Key.Equal, 0x2e), (Ps2Key.BracketLeft, 0x2f), (Ps2Key.BracketRight, 0x30), (Ps2Key.Backslash, 0x31), (Ps2Key.Semicolon, 0x33),
                (Ps2Key.Quote, 0x34), (Ps2Key.Backquote, 0x35), (Ps2Key.Comma, 0x36), (Ps2Key.Period, 0x37), (Ps2Key.Slash, 0x38), (Ps2Key.CapsLock, 0x39),
                (Ps2Key.F11, 0x44), (Ps2Key.F12, 0x45), (Ps2Key.ScrollLock, 0x47), (Ps2Key.NumLock, 0x53), (Ps2Key.KeypadMultiply, 0x55),
                (Ps2Key.KeypadSubtract, 0x56), (Ps2Key.KeypadAdd, 0x57), (Ps2Key.Keypad1, 0x59), (Ps2Key.Keypad2, 0x5a), (Ps2Key.Keypad3, 0x5b),
                (Ps2Key.Keypad4, 0x5c), (Ps2Key.Keypad5, 0x5d), (Ps2Key.Keypad6, 0x5e), (Ps2Key.Keypad7, 0x5f), (Ps2Key.Keypad8, 0x60),
                (Ps2Key.Keypad9, 0x61), (Ps2Key.Keypad0, 0x62), (Ps2Key.KeypadDecimal, 0x63), (Ps2Key.IntlBackslash, 0x64), (Ps2Key.LeftControl, 0xe0),
                (Ps2Key.LeftShift, 0xe1), (Ps2Key.LeftAlt, 0xe2), (Ps2Key.RightShift, 0xe5),
            ])
        {
            usages[(int)key] = usage;
        }

        foreach ((Ps2Key key, byte usage) in (System.ReadOnlySpan<(Ps2Key, byte)>)
            [
                (Ps2Key.PrintScreen, 0x46), (Ps2Key.Insert, 0x49), (Ps2Key.Home, 0x4a), (Ps2Key.PageUp, 0x4b), (Ps2Key.Delete, 0x4c), (Ps2Key.End, 0x4d),
                (Ps2Key.PageDown, 0x4e), (Ps2Key.Right, 0x4f), (Ps2Key.Left, 0x50), (Ps2Key.Down, 0x51), (Ps2Key.Up, 0x52), (Ps2Key.KeypadDivide, 0x54),
                (Ps2Key.KeypadEnter, 0x58), (Ps2Key.Menu, 0x65), (Ps2Key.LeftGui, 0xe3), (Ps2Key.RightControl, 0xe4), (Ps2Key.RightAlt, 0xe6),
                (Ps2Key.RightGui, 0xe7),
            ])
        {
            usages[(int)key - 0x100 + ExtendedOffset] = usage;
        }

        return usages;
    }
}
