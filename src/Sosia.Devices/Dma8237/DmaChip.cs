using System;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Dma8237;

/// <summary>One 8237A (Intel data sheet 231466). Register offsets are the chip's own, 0 to 15; addresses and counts are in its units of transfer.</summary>
internal sealed class DmaChip(DiagnosticLog log)
{
    private const byte CommandDisable = 1 << 2;
    private const byte ModeAutoInitialize = 1 << 4;
    private const byte ModeDecrement = 1 << 5;
    private const byte ModeCascade = 0xc0;

    private readonly ushort[] _baseAddress = new ushort[4];
    private readonly ushort[] _baseCount = new ushort[4];
    private readonly ushort[] _address = new ushort[4];
    private readonly ushort[] _count = new ushort[4];
    private readonly byte[] _mode = new byte[4];
    private bool _highByteNext;
    private byte _command;
    private byte _mask = 0x0f;
    private byte _requests;
    private byte _status;
    private byte _temporary;

    /// <summary>The RESET pin, and the master clear command.</summary>
    public void Reset()
    {
        _highByteNext = false;
        _command = _requests = _status = _temporary = 0;
        _mask = 0x0f;
    }

    /// <summary>True when a request of a channel's device is answered.</summary>
    public bool IsEnabled(int channel) => (_command & CommandDisable) == 0 && (_mask & (1 << channel)) == 0;

    /// <summary>What a channel does with memory.</summary>
    public DmaDirection Direction(int channel) => (DmaDirection)((_mode[channel] >> 2) & 3);

    /// <summary>True when a channel passes the requests of another chip on.</summary>
    public bool IsCascade(int channel) => (_mode[channel] & ModeCascade) == ModeCascade;

    /// <summary>The address of a channel's next transfer, without its page.</summary>
    public ushort Address(int channel) => _address[channel];

    /// <summary>Counts one transfer.</summary>
    /// <returns>True at terminal count.</returns>
    public bool Step(int channel)
    {
        _address[channel] += (ushort)((_mode[channel] & ModeDecrement) != 0 ? 0xffff : 1);
        if (_count[channel]-- != 0)
        {
            return false;
        }

        _status |= (byte)(1 << channel);
        _requests &= (byte)~(1 << channel);
        if ((_mode[channel] & ModeAutoInitialize) != 0)
        {
            _address[channel] = _baseAddress[channel];
            _count[channel] = _baseCount[channel];
        }
        else
        {
            _mask |= (byte)(1 << channel);
        }

        return true;
    }

    public byte Read(int offset)
    {
        if (offset < 8)
        {
            ushort value = (offset & 1) == 0 ? _address[offset >> 1] : _count[offset >> 1];
            bool high = _highByteNext;
            _highByteNext = !_highByteNext;
            return (byte)(high ? value >> 8 : value);
        }

        switch (offset)
        {
            case 8:
                // Reading the status clears the terminal count bits.
                byte status = (byte)(_status | (_requests << 4));
                _status = 0;
                return status;
            case 13:
                return _temporary;
            case 15:
                // All mask bits, as the PIIX3 shows them.
                return (byte)(0xf0 | _mask);
            default:
                return 0xff;
        }
    }

    public void Write(int offset, byte value)
    {
        int channel = value & 3;
        switch (offset)
        {
            case < 8:
                WriteChannel(offset, value);
                break;
            case 8:
                _command = value;
                break;
            case 9:
                _requests = (byte)((value & 4) != 0 ? _requests | (1 << channel) : _requests & ~(1 << channel));
                if ((value & 4) != 0)
                {
                    log.GuestMisuse("dma", "software request of a channel whose device has no use for it", value);
                }

                break;
            case 10:
                _mask = (byte)((value & 4) != 0 ? _mask | (1 << channel) : _mask & ~(1 << channel));
                break;
            case 11:
                _mode[channel] = (byte)(value & 0xfc);
                break;
            case 12:
                _highByteNext = false;
                break;
            case 13:
                Reset();
                break;
            case 14:
                _mask = 0;
                break;
            default:
                _mask = (byte)(value & 0x0f);
                break;
        }
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        for (int i = 0; i < 4; i++)
        {
            writer.Write($"{prefix}{i}.base-address", _baseAddress[i]);
            writer.Write($"{prefix}{i}.base-count", _baseCount[i]);
            writer.Write($"{prefix}{i}.address", _address[i]);
            writer.Write($"{prefix}{i}.count", _count[i]);
            writer.Write($"{prefix}{i}.mode", _mode[i]);
        }

        writer.Write(prefix + "flip-flop", _highByteNext);
        writer.Write(prefix + "command", _command);
        writer.Write(prefix + "mask", _mask);
        writer.Write(prefix + "requests", _requests);
        writer.Write(prefix + "status", _status);
        writer.Write(prefix + "temporary", _temporary);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        for (int i = 0; i < 4; i++)
        {
            _baseAddress[i] = reader.ReadUInt16($"{prefix}{i}.base-address");
            _baseCount[i] = reader.ReadUInt16($"{prefix}{i}.base-count");
            _address[i] = reader.ReadUInt16($"{prefix}{i}.address");
            _count[i] = reader.ReadUInt16($"{prefix}{i}.count");
            _mode[i] = reader.ReadByte($"{prefix}{i}.mode");
        }

        _highByteNext = reader.ReadBoolean(prefix + "flip-flop");
        _command = reader.ReadByte(prefix + "command");
        _mask = reader.ReadByte(prefix + "mask");
        _requests = reader.ReadByte(prefix + "requests");
        _status = reader.ReadByte(prefix + "status");
        _temporary = reader.ReadByte(prefix + "temporary");
    }

    // Writing sets base and current register alike, low byte first.
    private void WriteChannel(int offset, byte value)
    {
        Span<ushort> current = (offset & 1) == 0 ? _address : _count;
        Span<ushort> reload = (offset & 1) == 0 ? _baseAddress : _baseCount;
        int channel = offset >> 1;
        reload[channel] = _highByteNext
            ? (ushort)((reload[channel] & 0x00ff) | (value << 8))
            : (ushort)((reload[channel] & 0xff00) | value);
        current[channel] = reload[channel];
        _highByteNext = !_highByteNext;
    }
}
