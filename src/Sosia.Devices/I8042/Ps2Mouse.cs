using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.I8042;

/// <summary>
/// A PS/2 mouse (IBM PS/2 Hardware Interface Technical Reference, "Auxiliary device") with the IntelliMouse wheel: the sample rates 200,
/// 100, 80 in a row turn it into device type 3 with a fourth packet byte; 200, 200, 80 after that into type 4 with two more buttons in it.
/// </summary>
public sealed class Ps2Mouse : IPs2Device
{
    private const byte Acknowledge = 0xfa;
    private const byte Resend = 0xfe;

    private readonly ByteQueue _output = new(16);
    private byte _command;
    private byte _lastSent;
    private byte _resolution;
    private byte _sampleRate;
    private byte _deviceId;
    private uint _rateHistory;      // the last three sample rates, the newest lowest
    private bool _isReporting;
    private bool _isRemote;
    private bool _isWrapping;
    private bool _doublesScale;
    private byte _buttons;
    private byte _reportedButtons;
    private int _deltaX;
    private int _deltaY;
    private int _deltaWheel;

    internal Ps2Mouse() => Reset();

    bool IPs2Device.HasOutput => _output.Count > 0;

    Action? IPs2Device.OutputReady { get; set; }

    /// <summary>Moves the mouse and sets its buttons.</summary>
    /// <param name="deltaX">Movement to the right, in counts.</param>
    /// <param name="deltaY">Movement away from the user (up), in counts.</param>
    /// <param name="deltaWheel">Wheel steps towards the user.</param>
    /// <param name="buttons">Bit 0 left, bit 1 right, bit 2 middle, bit 3 the fourth, bit 4 the fifth.</param>
    public void Move(int deltaX, int deltaY, int deltaWheel, byte buttons)
    {
        const int Limit = 1 << 20;
        _deltaX = Math.Clamp(_deltaX + Math.Clamp(deltaX, -Limit, Limit), -Limit, Limit);
        _deltaY = Math.Clamp(_deltaY + Math.Clamp(deltaY, -Limit, Limit), -Limit, Limit);
        _deltaWheel = Math.Clamp(_deltaWheel + Math.Clamp(deltaWheel, -Limit, Limit), -Limit, Limit);
        _buttons = (byte)(buttons & 0x1f);
        Report();
    }

    /// <summary>Power-on: stream mode, reporting off.</summary>
    internal void Reset()
    {
        _output.Clear();
        _command = 0;
        _deviceId = 0;
        _rateHistory = 0;
        _isWrapping = false;
        SetDefaults();
    }

    byte IPs2Device.TakeOutput()
    {
        _lastSent = _output.Take();
        if (_output.Count == 0)
        {
            Report();
        }

        return _lastSent;
    }

    void IPs2Device.Receive(byte value)
    {
        if (_isWrapping && value != 0xec && value != 0xff)
        {
            _output.Add(value);
        }
        else if (_command != 0)
        {
            TakeArgument(value);
        }
        else
        {
            Execute(value);
        }

        ((IPs2Device)this).OutputReady?.Invoke();
    }

    internal void Save(SnapshotWriter writer)
    {
        _output.Save(writer, "mouse.output");
        writer.Write("mouse.command", _command);
        writer.Write("mouse.last", _lastSent);
        writer.Write("mouse.resolution", _resolution);
        writer.Write("mouse.rate", _sampleRate);
        writer.Write("mouse.id", _deviceId);
        writer.Write("mouse.history", _rateHistory);
        writer.Write("mouse.reporting", _isReporting);
        writer.Write("mouse.remote", _isRemote);
        writer.Write("mouse.wrapping", _isWrapping);
        writer.Write("mouse.double", _doublesScale);
        writer.Write("mouse.buttons", _buttons);
        writer.Write("mouse.reported", _reportedButtons);
        writer.Write("mouse.x", _deltaX);
        writer.Write("mouse.y", _deltaY);
        writer.Write("mouse.wheel", _deltaWheel);
    }

    internal void Restore(SnapshotReader reader)
    {
        _output.Restore(reader, "mouse.output");
        _command = reader.ReadByte("mouse.command");
        _lastSent = reader.ReadByte("mouse.last");
        _resolution = reader.ReadByte("mouse.resolution");
        _sampleRate = reader.ReadByte("mouse.rate");
        _deviceId = reader.ReadByte("mouse.id");
        _rateHistory = reader.ReadUInt32("mouse.history");
        _isReporting = reader.ReadBoolean("mouse.reporting");
        _isRemote = reader.ReadBoolean("mouse.remote");
        _isWrapping = reader.ReadBoolean("mouse.wrapping");
        _doublesScale = reader.ReadBoolean("mouse.double");
        _buttons = reader.ReadByte("mouse.buttons");
        _reportedButtons = reader.ReadByte("mouse.reported");
        _deltaX = reader.ReadInt32("mouse.x");
        _deltaY = reader.ReadInt32("mouse.y");
        _deltaWheel = reader.ReadInt32("mouse.wheel");
    }

    private void TakeArgument(byte value)
    {
        byte command = _command;
        _command = 0;
        if (command == 0xe8 && value <= 3)
        {
            _resolution = value;
        }
        else if (command == 0xf3 && value is 10 or 20 or 40 or 60 or 80 or 100 or 200)
        {
            _sampleRate = value;
            _rateHistory = ((_rateHistory << 8) | value) & 0xff_ffff;
            if (_rateHistory == ((200 << 16) | (100 << 8) | 80))
            {
                _deviceId = 3;
            }
            else if (_rateHistory == ((200 << 16) | (200 << 8) | 80) && _deviceId == 3)
            {
                _deviceId = 4;
            }
        }
        else
        {
            _output.Add(Resend);
            return;
        }

        _output.Add(Acknowledge);
    }

    private void Execute(byte command)
    {
        if (command is not (0xe6 or 0xe7 or 0xe8 or 0xe9 or 0xea or 0xeb or 0xec or 0xee or 0xf0 or (>= 0xf2 and <= 0xf6) or 0xfe or 0xff))
        {
            _output.Add(Resend);
            return;
        }

        if (command == 0xfe)
        {
            _output.Add(_lastSent);
            return;
        }

        // A command discards what was not sent yet.
        _output.Clear();
        _output.Add(Acknowledge);
        switch (command)
        {
            case 0xe6:
                _doublesScale = false;
                break;
            case 0xe7:
                _doublesScale = true;
                break;
            case 0xe8:
            case 0xf3:
                _command = command;
                break;
            case 0xe9:
                int buttons = ((_buttons & 1) << 2) | ((_buttons & 2) >> 1) | ((_buttons & 4) >> 1);
                _output.Add((byte)((_isRemote ? 0x40 : 0) | (_isReporting ? 0x20 : 0) | (_doublesScale ? 0x10 : 0) | buttons));
                _output.Add(_resolution);
                _output.Add(_sampleRate);
                break;
            case 0xea:
                _isRemote = false;
                break;
            case 0xeb:
                AddPacket(scale: false);
                break;
            case 0xec:
                _isWrapping = false;
                break;
            case 0xee:
                _isWrapping = true;
                break;
            case 0xf0:
                _isRemote = true;
                break;
            case 0xf2:
                _output.Add(_deviceId);
                break;
            case 0xf4:
                _isReporting = true;
                ClearMovement();
                break;
            case 0xf5:
                _isReporting = false;
                break;
            case 0xf6:
                SetDefaults();
                break;
            default:
                Reset();
                _output.Add(Acknowledge);
                _output.Add(0xaa);
                _output.Add(_deviceId);
                break;
        }
    }

    private bool HasWheel => _deviceId >= 3;

    // Those that a packet has room for.
    private byte ReportedButtons => _deviceId == 4 ? (byte)0x1f : (byte)7;

    private void SetDefaults()
    {
        _resolution = 2;
        _sampleRate = 100;
        _isReporting = _isRemote = _doublesScale = false;
        ClearMovement();
    }

    private void ClearMovement()
    {
        _deltaX = _deltaY = _deltaWheel = 0;
        _reportedButtons = _buttons;
    }

    // Stream mode: a packet as soon as the one before has gone; what happens meanwhile adds up.
    private void Report()
    {
        bool hasNews = _deltaX != 0 || _deltaY != 0 || (_deltaWheel != 0 && HasWheel) || ((_buttons ^ _reportedButtons) & ReportedButtons) != 0;
        if (_isReporting && !_isRemote && !_isWrapping && _command == 0 && hasNews && _output.Count == 0)
        {
            AddPacket(_doublesScale);
            ((IPs2Device)this).OutputReady?.Invoke();
        }
    }

    private void AddPacket(bool scale)
    {
        int x = TakeMovement(ref _deltaX, 255);
        int y = TakeMovement(ref _deltaY, 255);
        if (scale)
        {
            x = Scale(x);
            y = Scale(y);
        }

        _reportedButtons = _buttons;
        _output.Add((byte)(0x08 | (_buttons & 7) | (x < 0 ? 0x10 : 0) | (y < 0 ? 0x20 : 0)
            | (Math.Abs(x) > 255 ? 0x40 : 0) | (Math.Abs(y) > 255 ? 0x80 : 0)));
        _output.Add((byte)x);
        _output.Add((byte)y);
        if (HasWheel)
        {
            int wheel = TakeMovement(ref _deltaWheel, 7);
            _output.Add((byte)(_deviceId == 3 ? wheel : (wheel & 0x0f) | ((_buttons & 0x18) << 1)));
        }
        else
        {
            _deltaWheel = 0;
        }
    }

    private static int TakeMovement(ref int delta, int limit)
    {
        int taken = Math.Clamp(delta, -limit, limit);
        delta -= taken;
        return taken;
    }

    // Scaling 2:1 (Technical Reference, "Set Scaling 2:1").
    private static int Scale(int count)
    {
        int size = Math.Abs(count) switch
        {
            0 => 0,
            1 or 2 => 1,
            3 => 3,
            4 => 6,
            5 => 9,
            int large => Math.Min(2 * large, 255),
        };
        return count < 0 ? -size : size;
    }
}
