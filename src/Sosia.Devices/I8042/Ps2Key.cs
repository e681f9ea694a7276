namespace Sosia.Devices.I8042;

/// <summary>
/// The keys of a 102-key PC keyboard. A value is the key's make code in scan code set 1; bit 8 stands for the prefix E0.
/// </summary>
public enum Ps2Key
{
    /// <summary>No key.</summary>
    None = 0,

    /// <summary>The Escape key.</summary>
    Escape = 0x001,

    /// <summary>The 1 key above the letters.</summary>
    Digit1 = 0x002,

    /// <summary>The 2 key above the letters.</summary>
    Digit2 = 0x003,

    /// <summary>The 3 key above the letters.</summary>
    Digit3 = 0x004,

    /// <summary>The 4 key above the letters.</summary>
    Digit4 = 0x005,

    /// <summary>The 5 key above the letters.</summary>
    Digit5 = 0x006,

    /// <summary>The 6 key above the letters.</summary>
    Digit6 = 0x007,

    /// <summary>The 7 key above the letters.</summary>
    Digit7 = 0x008,

    /// <summary>The 8 key above the letters.</summary>
    Digit8 = 0x009,

    /// <summary>The 9 key above the letters.</summary>
    Digit9 = 0x00a,

    /// <summary>The 0 key above the letters.</summary>
    Digit0 = 0x00b,

    /// <summary>The Minus key.</summary>
    Minus = 0x00c,

    /// <summary>The Equal key.</summary>
    Equal = 0x00d,

    /// <summary>The Backspace key.</summary>
    Backspace = 0x00e,

    /// <summary>The Tab key.</summary>
    Tab = 0x00f,

    /// <summary>The Q key.</summary>
    Q = 0x010,

    /// <summary>The W key.</summary>
    W = 0x011,

    /// <summary>The E key.</summary>
    E = 0x012,

    /// <summary>The R key.</summary>
    R = 0x013,

    /// <summary>The T key.</summary>
    T = 0x014,

    /// <summary>The Y key.</summary>
    Y = 0x015,

    /// <summary>The U key.</summary>
    U = 0x016,

    /// <summary>The I key.</summary>
    I = 0x017,

    /// <summary>The O key.</summary>
    O = 0x018,

    /// <summary>The P key.</summary>
    P = 0x019,

    /// <summary>The Bracket Left key.</summary>
    BracketLeft = 0x01a,

    /// <summary>The Bracket Right key.</summary>
    BracketRight = 0x01b,

    /// <summary>The Enter key.</summary>
    Enter = 0x01c,

    /// <summary>The Left Control key.</summary>
    LeftControl = 0x01d,

    /// <summary>The A key.</summary>
    A = 0x01e,

    /// <summary>The S key.</summary>
    S = 0x01f,

    /// <summary>The D key.</summary>
    D = 0x020,

    /// <summary>The F key.</summary>
    F = 0x021,

    /// <summary>The G key.</summary>
    G = 0x022,

    /// <summary>The H key.</summary>
    H = 0x023,

    /// <summary>The J key.</summary>
    J = 0x024,

    /// <summary>The K key.</summary>
    K = 0x025,

    /// <summary>The L key.</summary>
    L = 0x026,

    /// <summary>The Semicolon key.</summary>
    Semicolon = 0x027,

    /// <summary>The quote key.</summary>
    Quote = 0x028,

    /// <summary>The backquote (grave) key.</summary>
    Backquote = 0x029,

    /// <summary>The Left Shift key.</summary>
    LeftShift = 0x02a,

    /// <summary>The Backslash key.</summary>
    Backslash = 0x02b,

    /// <summary>The Z key.</summary>
    Z = 0x02c,

    /// <summary>The X key.</summary>
    X = 0x02d,

    /// <summary>The C key.</summary>
    C = 0x02e,

    /// <summary>The V key.</summary>
    V = 0x02f,

    /// <summary>The B key.</summary>
    B = 0x030,

    /// <summary>The N key.</summary>
    N = 0x031,

    /// <summary>The M key.</summary>
    M = 0x032,

    /// <summary>The Comma key.</summary>
    Comma = 0x033,

    /// <summary>The Period key.</summary>
    Period = 0x034,

    /// <summary>The Slash key.</summary>
    Slash = 0x035,

    /// <summary>The Right Shift key.</summary>
    RightShift = 0x036,

    /// <summary>The Keypad Multiply key.</summary>
    KeypadMultiply = 0x037,

    /// <summary>The Left Alt key.</summary>
    LeftAlt = 0x038,

    /// <summary>The Space key.</summary>
    Space = 0x039,

    /// <summary>The Caps Lock key.</summary>
    CapsLock = 0x03a,

    /// <summary>The F1 key.</summary>
    F1 = 0x03b,

    /// <summary>The F2 key.</summary>
    F2 = 0x03c,

    /// <summary>The F3 key.</summary>
    F3 = 0x03d,

    /// <summary>The F4 key.</summary>
    F4 = 0x03e,

    /// <summary>The F5 key.</summary>
    F5 = 0x03f,

    /// <summary>The F6 key.</summary>
    F6 = 0x040,

    /// <summary>The F7 key.</summary>
    F7 = 0x041,

    /// <summary>The F8 key.</summary>
    F8 = 0x042,

    /// <summary>The F9 key.</summary>
    F9 = 0x043,

    /// <summary>The F10 key.</summary>
    F10 = 0x044,

    /// <summary>The Num Lock key.</summary>
    NumLock = 0x045,

    /// <summary>The Scroll Lock key.</summary>
    ScrollLock = 0x046,

    /// <summary>The keypad's 7.</summary>
    Keypad7 = 0x047,

    /// <summary>The keypad's 8.</summary>
    Keypad8 = 0x048,

    /// <summary>The keypad's 9.</summary>
    Keypad9 = 0x049,

    /// <summary>The Keypad Subtract key.</summary>
    KeypadSubtract = 0x04a,

    /// <summary>The keypad's 4.</summary>
    Keypad4 = 0x04b,

    /// <summary>The keypad's 5.</summary>
    Keypad5 = 0x04c,

    /// <summary>The keypad's 6.</summary>
    Keypad6 = 0x04d,

    /// <summary>The Keypad Add key.</summary>
    KeypadAdd = 0x04e,

    /// <summary>The keypad's 1.</summary>
    Keypad1 = 0x04f,

    /// <summary>The keypad's 2.</summary>
    Keypad2 = 0x050,

    /// <summary>The keypad's 3.</summary>
    Keypad3 = 0x051,

    /// <summary>The keypad's 0.</summary>
    Keypad0 = 0x052,

    /// <summary>The Keypad Decimal key.</summary>
    KeypadDecimal = 0x053,

    /// <summary>The key between left shift and Z on 102-key keyboards.</summary>
    IntlBackslash = 0x056,

    /// <summary>The F11 key.</summary>
    F11 = 0x057,

    /// <summary>The F12 key.</summary>
    F12 = 0x058,

    /// <summary>The Keypad Enter key.</summary>
    KeypadEnter = 0x11c,

    /// <summary>The Right Control key.</summary>
    RightControl = 0x11d,

    /// <summary>The Keypad Divide key.</summary>
    KeypadDivide = 0x135,

    /// <summary>Print Screen/SysRq.</summary>
    PrintScreen = 0x137,

    /// <summary>The Right Alt key.</summary>
    RightAlt = 0x138,

    /// <summary>The Home key.</summary>
    Home = 0x147,

    /// <summary>The Up key.</summary>
    Up = 0x148,

    /// <summary>The Page Up key.</summary>
    PageUp = 0x149,

    /// <summary>The Left key.</summary>
    Left = 0x14b,

    /// <summary>The Right key.</summary>
    Right = 0x14d,

    /// <summary>The End key.</summary>
    End = 0x14f,

    /// <summary>The Down key.</summary>
    Down = 0x150,

    /// <summary>The Page Down key.</summary>
    PageDown = 0x151,

    /// <summary>The Insert key.</summary>
    Insert = 0x152,

    /// <summary>The Delete key.</summary>
    Delete = 0x153,

    /// <summary>The Left Gui key.</summary>
    LeftGui = 0x15b,

    /// <summary>The Right Gui key.</summary>
    RightGui = 0x15c,

    /// <summary>The application menu key.</summary>
    Menu = 0x15d,

    /// <summary>Pause/Break, whose scan codes are a sequence of their own.</summary>
    Pause = 0x200,
}
