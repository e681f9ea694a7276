using Sosia.Devices.I8042;

namespace Sosia.Display.Input;

/// <summary>X11 key symbols, as VNC clients send them, and the keys of an American keyboard that they are on.</summary>
public static class KeySyms
{
    // Keysyms FFB0h to FFB9h: the keypad's digits.
    private static readonly Ps2Key[] KeypadDigits =
    [
        Ps2Key.Keypad0, Ps2Key.Keypad1, Ps2Key.Keypad2, Ps2Key.Keypad3, Ps2Key.Keypad4, Ps2Key.Keypad5, Ps2Key.Keypad6, Ps2Key.Keypad7, Ps2Key.Keypad8, Ps2Key.Keypad9,
    ];

    /// <summary>Finds the key of a symbol.</summary>
    /// <param name="symbol">The symbol's number.</param>
    /// <param name="key">The key.</param>
    /// <param name="isShifted">True when the symbol is on the key together with Shift.</param>
    /// <returns>False when it is on no key.</returns>
    public static bool TryFind(uint symbol, out Ps2Key key, out bool isShifted)
    {
        if (symbol is >= 0x20 and < 0x7f)
        {
            return KeyLayout.TryFind((char)symbol, out key, out isShifted);
        }

        isShifted = false;
        key = symbol switch
        {
            0xff08 => Ps2Key.Backspace,
            0xff09 or 0xfe20 => Ps2Key.Tab,
            0xff0a or 0xff0d => Ps2Key.Enter,
            0xff13 or 0xff6b => Ps2Key.Pause,
            0xff14 => Ps2Key.ScrollLock,
            0xff15 or 0xff61 => Ps2Key.PrintScreen,
            0xff1b => Ps2Key.Escape,
            0xff50 => Ps2Key.Home,
            0xff51 => Ps2Key.Left,
            0xff52 => Ps2Key.Up,
            0xff53 => Ps2Key.Right,
            0xff54 => Ps2Key.Down,
            0xff55 => Ps2Key.PageUp,
            0xff56 => Ps2Key.PageDown,
            0xff57 => Ps2Key.End,
            0xff63 => Ps2Key.Insert,
            0xff67 => Ps2Key.Menu,
            0xff7e or 0xffea or 0xfe03 => Ps2Key.RightAlt,
            0xff7f => Ps2Key.NumLock,
            0xff8d => Ps2Key.KeypadEnter,
            0xff95 => Ps2Key.Keypad7,
            0xff96 => Ps2Key.Keypad4,
            0xff97 => Ps2Key.Keypad8,
            0xff98 => Ps2Key.Keypad6,
            0xff99 => Ps2Key.Keypad2,
            0xff9a => Ps2Key.Keypad9,
            0xff9b => Ps2Key.Keypad3,
            0xff9c => Ps2Key.Keypad1,
            0xff9d => Ps2Key.Keypad5,
            0xff9e => Ps2Key.Keypad0,
            0xff9f or 0xffae => Ps2Key.KeypadDecimal,
            0xffaa => Ps2Key.KeypadMultiply,
            0xffab => Ps2Key.KeypadAdd,
            0xffad => Ps2Key.KeypadSubtract,
            0xffaf => Ps2Key.KeypadDivide,
            >= 0xffb0 and <= 0xffb9 => KeypadDigits[symbol - 0xffb0],
            >= 0xffbe and <= 0xffc7 => Ps2Key.F1 + (int)(symbol - 0xffbe),
            0xffc8 => Ps2Key.F11,
            0xffc9 => Ps2Key.F12,
            0xffe1 => Ps2Key.LeftShift,
            0xffe2 => Ps2Key.RightShift,
            0xffe3 => Ps2Key.LeftControl,
            0xffe4 => Ps2Key.RightControl,
            0xffe5 => Ps2Key.CapsLock,
            0xffe7 or 0xffe9 => Ps2Key.LeftAlt,
            0xffe8 => Ps2Key.RightAlt,
            0xffeb => Ps2Key.LeftGui,
            0xffec => Ps2Key.RightGui,
            0xffff => Ps2Key.Delete,
            _ => Ps2Key.None,
        };
        return key != Ps2Key.None;
    }

    /// <summary>The key of a set 1 scan code as QEMU's extended key events have it: bit 7 stands for the prefix E0.</summary>
    /// <returns>None when there is no such key.</returns>
    public static Ps2Key FromScanCode(uint code) => code switch
    {
        0xc6 or 0xe046 => Ps2Key.Pause,
        0x54 => Ps2Key.PrintScreen,
        > 0 and < 0x60 => (Ps2Key)code,
        > 0x80 and < 0xe0 => (Ps2Key)(0x100 | (code & 0x7f)),
        >= 0xe001 and < 0xe060 => (Ps2Key)(0x100 | (code & 0x7f)),
        _ => Ps2Key.None,
    };
}
