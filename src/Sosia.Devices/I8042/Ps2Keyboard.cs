using System;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Devices.I8042;

/// <summary>
/// A PS/2 keyboard with 102 keys (IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-key)"): scan code sets 1, 2
/// and 3, typematic repeat, indicators, the full command set.
/// </summary>
public sealed class Ps2Keyboard : IPs2Device
{
    private const byte Acknowledge = 0xfa;
    private const byte Resend = 0xfe;
    private const byte BreakPrefix = 0xf0;

    // What a key of scan code set 3 sends besides its make code.
    private const byte SendsBreak = 1;
    private const byte Repeats = 2;

    private readonly MachineClock _clock;
    private readonly ClockTimer _repeatTimer;
    private readonly ByteQueue _replies = new(16);
    private readonly ByteQueue _codes = new(17);     // the last place is for the overrun code
    private readonly byte[] _set3Types = new byte[256];
    private readonly bool[] _down = new bool[0x300];
    private byte _command;      // the command that waits for its argument, 0 for none
    private byte _scanCodeSet;
    private byte _typematic;
    private byte _lastSent;
    private bool _isScanning;
    private bool _overrun;
    private Ps2Key _repeatKey;
    private readonly Ps2KeyQueue _queue;

    internal Ps2Keyboard(MachineClock clock)
    {
        _clock = clock;
        _repeatTimer = clock.CreateTimer("keyboard", Repeat);
        _queue = new Ps2KeyQueue(clock, this);
        Reset();
    }

    /// <summary>The indicators: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock.</summary>
    public byte Indicators { get; private set; }

    /// <summary>Called when the guest changes <see cref="Indicators"/>.</summary>
    public Action<byte>? IndicatorsChanged { get; set; }

    bool IPs2Device.HasOutput => _replies.Count > 0 || (_command == 0 && _codes.Count > 0);

    Action? IPs2Device.OutputReady { get; set; }

    /// <summary>Presses or releases a key. Pressing a key that is down does nothing: the keyboard repeats by itself.</summary>
    public void SetKey(Ps2Key key, bool isDown)
    {
        if ((uint)key >= (uint)_down.Length || key == Ps2Key.None || _down[(int)key] == isDown)
        {
            return;
        }

        _down[(int)key] = isDown;
        if (isDown)
        {
            _repeatKey = CanRepeat(key) ? key : Ps2Key.None;
        }
        else if (key == _repeatKey)
        {
            _repeatKey = Ps2Key.None;
        }

        if (_repeatKey == Ps2Key.None)
        {
            _repeatTimer.Cancel();
        }
        else if (isDown)
        {
            // Bits 6:5: delay in quarters of a second, less one.
            _repeatTimer.Arm(_clock.NowNanoseconds + ((((_typematic >> 5) & 3) + 1) * 250_000_000L));
        }

        Send(key, isDown);
    }

    /// <summary>True when everything that keys have sent was taken by the controller.</summary>
    internal bool IsDrained => _codes.Count == 0;

    /// <summary>
    /// Presses or releases a key as soon as the guest has taken what came before: for programs, which type faster than people. On the machine's thread.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="isDown">True to press it.</param>
    /// <returns>False when far too much waits already; the key is lost.</returns>
    public bool Enqueue(Ps2Key key, bool isDown) => _queue.Add(key, isDown);

    /// <summary>Presses or releases a key given by its set 1 make code, with 0x100 for the prefix E0.</summary>
    public void SetKey(int scanCode, bool isDown) => SetKey((Ps2Key)(scanCode & 0x3ff), isDown);

    /// <summary>Power-on: defaults, nothing to send. Keys that are held stay held.</summary>
    internal void Reset()
    {
        _replies.Clear();
        _command = 0;
        _lastSent = 0;
        SetDefaults();
        SetIndicators(0);
        _isScanning = true;
    }

    byte IPs2Device.TakeOutput()
    {
        if (_replies.Count > 0)
        {
            _lastSent = _replies.Take();
        }
        else
        {
            _lastSent = _codes.Take();
            _overrun &= _codes.Count > 0;
        }

        return _lastSent;
    }

    void IPs2Device.Receive(byte value)
    {
        if (_command != 0 && TryArgument(value))
        {
            Notify();
            return;
        }

        _command = 0;
        switch (value)
        {
            case 0xed:
            case 0xf0:
            case 0xf3:
                _command = value;
                _replies.Add(Acknowledge);
                break;
            case 0xfb:
            case 0xfc:
            case 0xfd:
                // Key types for set 3: arguments follow until the next command.
                _command = value;
                _isScanning = false;
                _replies.Add(Acknowledge);
                break;
            case 0xee:
                _replies.Add(0xee);
                break;
            case 0xf2:
                _replies.Add(Acknowledge);
                _replies.Add(0xab);
                _replies.Add(0x83);
                break;
            case 0xf4:
                _codes.Clear();
                _overrun = false;
                _isScanning = true;
                _replies.Add(Acknowledge);
                break;
            case 0xf5:
                SetDefaults();
                _isScanning = false;
                _replies.Add(Acknowledge);
                break;
            case 0xf6:
                SetDefaults();
                _replies.Add(Acknowledge);
                break;
            case 0xf7:
                SetAllTypes(Repeats);
                break;
            case 0xf8:
                SetAllTypes(SendsBreak);
                break;
            case 0xf9:
                SetAllTypes(0);
                break;
            case 0xfa:
                SetAllTypes(Repeats | SendsBreak);
                break;
            case 0xfe:
                _replies.Add(_lastSent);
                break;
            case 0xff:
                Reset();
                _replies.Add(Acknowledge);
                _replies.Add(0xaa);
                break;
            default:
                _replies.Add(Resend);
                break;
        }

        Notify();
    }

    internal void Save(SnapshotWriter writer)
    {
        _replies.Save(writer, "kbd.replies");
        _codes.Save(writer, "kbd.codes");
        writer.Write("kbd.types", _set3Types);
        byte[] down = new byte[_down.Length];
        for (int i = 0; i < down.Length; i++)
        {
            down[i] = _down[i] ? (byte)1 : (byte)0;
        }

        writer.Write("kbd.down", down);
        writer.Write("kbd.command", _command);
        writer.Write("kbd.set", _scanCodeSet);
        writer.Write("kbd.typematic", _typematic);
        writer.Write("kbd.last", _lastSent);
        writer.Write("kbd.scanning", _isScanning);
        writer.Write("kbd.overrun", _overrun);
        writer.Write("kbd.indicators", Indicators);
        writer.Write("kbd.repeat", (long)_repeatKey);
        writer.Write("kbd.repeat-due", _repeatTimer.IsArmed ? _repeatTimer.DeadlineNanoseconds : MachineClock.Never);
    }

    internal void Restore(SnapshotReader reader)
    {
        _replies.Restore(reader, "kbd.replies");
        _codes.Restore(reader, "kbd.codes");
        reader.ReadBytes("kbd.types", _set3Types);
        byte[] down = new byte[_down.Length];
        reader.ReadBytes("kbd.down", down);
        for (int i = 0; i < down.Length; i++)
        {
            _down[i] = down[i] != 0;
        }

        _command = reader.ReadByte("kbd.command");
        _scanCodeSet = reader.ReadByte("kbd.set");
        _typematic = reader.ReadByte("kbd.typematic");
        _lastSent = reader.ReadByte("kbd.last");
        _isScanning = reader.ReadBoolean("kbd.scanning");
        _overrun = reader.ReadBoolean("kbd.overrun");
        Indicators = reader.ReadByte("kbd.indicators");
        _repeatKey = (Ps2Key)reader.ReadInt32("kbd.repeat");
        long due = reader.ReadInt64("kbd.repeat-due");
        if (due == MachineClock.Never)
        {
            _repeatTimer.Cancel();
        }
        else
        {
            _repeatTimer.Arm(due);
        }
    }

    // An argument of the command that waits for one; false when the value is a command of its own.
    private bool TryArgument(byte value)
    {
        byte command = _command;
        if (command is >= 0xfb and <= 0xfd)
        {
            if (value >= 0xed)
            {
                _isScanning = true;
                return false;
            }

            _set3Types[value] = command switch
            {
                0xfb => Repeats,
                0xfc => SendsBreak,
                _ => 0,
            };
            _replies.Add(Acknowledge);
            return true;
        }

        if (value >= 0xed)
        {
            return false;
        }

        _command = 0;
        switch (command)
        {
            case 0xed:
                SetIndicators((byte)(value & 7));
                break;
            case 0xf3:
                _typematic = (byte)(value & 0x7f);
                break;
            case 0xf0 when value == 0:
                _replies.Add(Acknowledge);
                _replies.Add(_scanCodeSet);
                return true;
            case 0xf0 when value <= 3:
                _scanCodeSet = value;
                _codes.Clear();
                _overrun = false;
                break;
            default:
                _command = command;
                _replies.Add(Resend);
                return true;
        }

        _replies.Add(Acknowledge);
        return true;
    }

    private void SetDefaults()
    {
        _codes.Clear();
        _overrun = false;
        _scanCodeSet = 2;
        _typematic = 0x2b;      // 500 ms, 10.9 per second
        _repeatKey = Ps2Key.None;
        _repeatTimer.Cancel();
        Array.Fill(_set3Types, Repeats);
        foreach (Ps2Key key in (ReadOnlySpan<Ps2Key>)[Ps2Key.CapsLock, Ps2Key.LeftShift, Ps2Key.RightShift, Ps2Key.LeftControl, Ps2Key.LeftAlt])
        {
            _set3Types[ScanCodes.ToSet3(key)] = SendsBreak;
        }

        foreach (Ps2Key key in (ReadOnlySpan<Ps2Key>)
            [
                Ps2Key.Escape, Ps2Key.F1, Ps2Key.F2, Ps2Key.F3, Ps2Key.F4, Ps2Key.F5, Ps2Key.F6, Ps2Key.F7, Ps2Key.F8, Ps2Key.F9, Ps2Key.F10,
                Ps2Key.F11, Ps2Key.F12, Ps2Key.PrintScreen, Ps2Key.ScrollLock, Ps2Key.Pause, Ps2Key.RightAlt, Ps2Key.RightControl,
                Ps2Key.Insert, Ps2Key.Home, Ps2Key.PageUp, Ps2Key.PageDown, Ps2Key.End, Ps2Key.NumLock, Ps2Key.KeypadDivide,
                Ps2Key.KeypadMultiply, Ps2Key.KeypadSubtract, Ps2Key.KeypadEnter, Ps2Key.Keypad0, Ps2Key.Keypad1, Ps2Key.Keypad2,
                Ps2Key.Keypad3, Ps2Key.Keypad4, Ps2Key.Keypad5, Ps2Key.Keypad6, Ps2Key.Keypad7, Ps2Key.Keypad8, Ps2Key.Keypad9,
                Ps2Key.KeypadDecimal,
            ])
        {
            _set3Types[ScanCodes.ToSet3(key)] = 0;
        }
    }

    private void SetAllTypes(byte type)
    {
        Array.Fill(_set3Types, type);
        _replies.Add(Acknowledge);
    }

    private void SetIndicators(byte indicators)
    {
        Indicators = indicators;
        IndicatorsChanged?.Invoke(indicators);
    }

    private bool CanRepeat(Ps2Key key)
        => key != Ps2Key.Pause && (_scanCodeSet != 3 || (_set3Types[ScanCodes.ToSet3(key)] & Repeats) != 0);

    private void Repeat()
    {
        if (_repeatKey == Ps2Key.None)
        {
            return;
        }

        // Bits 4:3 and 2:0: period = (8 + A) × 2^B × 4.17 ms.
        long period = (8 + (_typematic & 7)) * (1L << ((_typematic >> 3) & 3)) * 4_170_000L;
        _repeatTimer.Arm(_clock.NowNanoseconds + period);
        Send(_repeatKey, isDown: true);
    }

    private void Send(Ps2Key key, bool isDown)
    {
        if (!_isScanning)
        {
            return;
        }

        Span<byte> code = stackalloc byte[8];
        int length = Encode(key, isDown, code);
        if (length >= _codes.Room || _overrun)
        {
            // The buffer is full: one overrun code marks what is lost until it has been emptied.
            if (!_overrun)
            {
                _codes.Add(_scanCodeSet == 1 ? (byte)0xff : (byte)0);
            }

            _overrun = true;
        }
        else
        {
            for (int i = 0; i < length; i++)
            {
                _codes.Add(code[i]);
            }
        }

        Notify();
    }

    // The bytes that a key sends in the current set.
    private int Encode(Ps2Key key, bool isDown, Span<byte> code)
    {
        int length = 0;
        if (_scanCodeSet == 3)
        {
            byte set3 = ScanCodes.ToSet3(key);
            if (set3 == 0 || (!isDown && (_set3Types[set3] & SendsBreak) == 0))
            {
                return 0;
            }

            if (!isDown)
            {
                code[length++] = BreakPrefix;
            }

            code[length++] = set3;
            return length;
        }

        if (key == Ps2Key.Pause)
        {
            // Pause sends make and break at once when it is pressed, and nothing when it is released.
            ReadOnlySpan<byte> pause = !isDown ? [] : _scanCodeSet == 1
                ? [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]
                : [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77];
            pause.CopyTo(code);
            return pause.Length;
        }

        if (key == Ps2Key.PrintScreen && _down[(int)Ps2Key.LeftAlt] | _down[(int)Ps2Key.RightAlt])
        {
            // With Alt it is SysRq.
            return EncodePart(0x54, isExtended: false, isDown, code);
        }

        if (key == Ps2Key.PrintScreen && isDown)
        {
            length = EncodePart(0x2a, isExtended: true, isDown, code);
            return length + EncodePart(0x37, isExtended: true, isDown, code[length..]);
        }

        if (key == Ps2Key.PrintScreen)
        {
            length = EncodePart(0x37, isExtended: true, isDown, code);
            return length + EncodePart(0x2a, isExtended: true, isDown, code[length..]);
        }

        return EncodePart((byte)((int)key & 0x7f), ((int)key & 0x100) != 0, isDown, code);
    }

    private int EncodePart(byte set1, bool isExtended, bool isDown, Span<byte> code)
    {
        int length = 0;
        if (isExtended)
        {
            code[length++] = 0xe0;
        }

        if (_scanCodeSet == 1)
        {
            code[length++] = (byte)(set1 | (isDown ? 0 : 0x80));
            return length;
        }

        if (!isDown)
        {
            code[length++] = BreakPrefix;
        }

        code[length++] = ScanCodes.ToSet2(set1);
        return length;
    }

    private void Notify() => ((IPs2Device)this).OutputReady?.Invoke();
}
