using System;
using System.Buffers.Binary;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Sound.Ac97;

/// <summary>
/// One bus master of an 82801AA's audio function (Intel data sheet 290655, section 8.2): a list of 32 buffers, of which one after the other is played or
/// filled.
/// </summary>
internal sealed class Ac97Channel(MemoryBus memory, bool isInput, int samplesPerFrame)
{
    private const int BufferCount = 32;
    private const int DescriptorByteCount = 8;

    private const byte ControlRun = 1 << 0;
    private const byte ControlReset = 1 << 1;
    private const byte ControlLastInterrupt = 1 << 2;
    private const byte ControlFifoInterrupt = 1 << 3;
    private const byte ControlCompletionInterrupt = 1 << 4;

    private const ushort StatusHalted = 1 << 0;
    private const ushort StatusCurrentIsLast = 1 << 1;
    private const ushort StatusLastCompleted = 1 << 2;
    private const ushort StatusCompleted = 1 << 3;
    private const ushort StatusFifoError = 1 << 4;
    private const ushort StatusClearable = StatusLastCompleted | StatusCompleted | StatusFifoError;

    private const uint DescriptorInterrupt = 1u << 31;

    private uint _list;
    private byte _current;
    private byte _last;
    private byte _next;
    private byte _control;
    private ushort _status = StatusHalted;
    private ushort _samplesLeft;
    private uint _address;
    private uint _flags;
    private RateConverter _converter;

    /// <summary>True while samples move.</summary>
    public bool IsRunning => (_control & ControlRun) != 0 && (_status & StatusHalted) == 0;

    /// <summary>True while an enabled interrupt is pending.</summary>
    public bool IsInterrupting
        => ((_status & StatusLastCompleted) != 0 && (_control & ControlLastInterrupt) != 0)
            || ((_status & StatusCompleted) != 0 && (_control & ControlCompletionInterrupt) != 0)
            || ((_status & StatusFifoError) != 0 && (_control & ControlFifoInterrupt) != 0);

    public void Reset()
    {
        _list = 0;
        _current = _last = _next = _control = 0;
        _status = StatusHalted;
        _samplesLeft = 0;
        _address = _flags = 0;
        _converter.Clear();
    }

    /// <summary>How many of the mixer's frames pass until the present buffer is done; 0 when the channel stands still.</summary>
    public long FramesToCompletion(int rate)
        => IsRunning ? _converter.FramesUntil(Math.Max(1, (_samplesLeft + samplesPerFrame - 1) / samplesPerFrame), rate) : 0;

    /// <summary>Lets time pass.</summary>
    /// <param name="rate">Frames a second.</param>
    /// <param name="leftGain">The left channel's factor of 65536.</param>
    /// <param name="rightGain">The right channel's.</param>
    /// <param name="accumulators">Where an output adds its sound.</param>
    public void Render(int rate, int leftGain, int rightGain, Span<int> accumulators)
    {
        for (int i = 0; i + 1 < accumulators.Length; i += 2)
        {
            int count = IsRunning ? _converter.Advance(rate) : 0;
            for (int k = 0; k < count && IsRunning; k++)
            {
                MoveFrame();
            }

            accumulators[i] += (int)(((long)_converter.Left * leftGain) >> 16);
            accumulators[i + 1] += (int)(((long)_converter.Right * rightGain) >> 16);
            if (!IsRunning)
            {
                _converter.Clear();
                return;
            }
        }
    }

    /// <summary>Reads the byte at an offset into the channel's registers.</summary>
    public byte Read(int offset) => offset switch
    {
        < 4 => (byte)(_list >> (8 * offset)),
        4 => _current,
        5 => _last,
        6 => (byte)_status,
        8 or 9 => (byte)(_samplesLeft >> (8 * (offset - 8))),
        10 => _next,
        11 => _control,
        _ => 0,
    };

    /// <summary>Writes the byte at an offset into the channel's registers.</summary>
    public void Write(int offset, byte value)
    {
        switch (offset)
        {
            case < 4:
                int shift = 8 * offset;
                _list = ((_list & ~(0xffu << shift)) | ((uint)value << shift)) & ~7u;
                break;
            case 5:
                _last = (byte)(value & (BufferCount - 1));
                if ((_control & ControlRun) != 0 && (_status & StatusCurrentIsLast) != 0)
                {
                    // It had run out of buffers: there are more now.
                    _status &= unchecked((ushort)~(StatusHalted | StatusCurrentIsLast));
                    TakeNextBuffer();
                }

                break;
            case 6:
                _status &= (ushort)~(value & StatusClearable);
                break;
            case 11 when (value & ControlReset) != 0:
                // Only while the channel stands still; then everything but the interrupt enables is as after power-on.
                if ((_control & ControlRun) == 0)
                {
                    byte enables = (byte)(_control & (ControlLastInterrupt | ControlFifoInterrupt | ControlCompletionInterrupt));
                    Reset();
                    _control = enables;
                }

                break;
            case 11:
                WriteControl(value);
                break;
        }
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "list", _list);
        writer.Write(prefix + "current", _current);
        writer.Write(prefix + "last", _last);
        writer.Write(prefix + "next", _next);
        writer.Write(prefix + "control", _control);
        writer.Write(prefix + "status", _status);
        writer.Write(prefix + "samples-left", _samplesLeft);
        writer.Write(prefix + "address", _address);
        writer.Write(prefix + "flags", _flags);
        _converter.Save(writer, prefix);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        _list = reader.ReadUInt32(prefix + "list");
        _current = (byte)(reader.ReadByte(prefix + "current") & (BufferCount - 1));
        _last = (byte)(reader.ReadByte(prefix + "last") & (BufferCount - 1));
        _next = (byte)(reader.ReadByte(prefix + "next") & (BufferCount - 1));
        _control = reader.ReadByte(prefix + "control");
        _status = reader.ReadUInt16(prefix + "status");
        _samplesLeft = reader.ReadUInt16(prefix + "samples-left");
        _address = reader.ReadUInt32(prefix + "address");
        _flags = reader.ReadUInt32(prefix + "flags");
        _converter.Restore(reader, prefix);
    }

    private void WriteControl(byte value)
    {
        bool wasRunning = (_control & ControlRun) != 0;
        _control = (byte)(value & 0x1d);
        if ((_control & ControlRun) == 0)
        {
            _status |= StatusHalted;
        }
        else if (!wasRunning && (_status & StatusCurrentIsLast) == 0)
        {
            _status &= unchecked((ushort)~StatusHalted);
            // A channel that was only held goes on where it was.
            if (_samplesLeft == 0)
            {
                TakeNextBuffer();
            }
        }
        else if (!wasRunning && _current != _last)
        {
            // The list was lengthened while the channel was held at its end.
            _status &= unchecked((ushort)~(StatusHalted | StatusCurrentIsLast));
            TakeNextBuffer();
        }
    }

    // Goes to the next buffer that is not empty, or halts behind the last one.
    private void TakeNextBuffer()
    {
        for (int i = 0; i < BufferCount; i++)
        {
            _current = _next;
            _next = (byte)((_next + 1) & (BufferCount - 1));
            LoadBuffer();
            if (_samplesLeft != 0)
            {
                return;
            }

            CompleteBuffer();
            if ((_status & StatusHalted) != 0)
            {
                return;
            }
        }

        // A list of nothing that has no end; it would be looked through for ever.
        _status |= StatusHalted | StatusCurrentIsLast;
    }

    private void LoadBuffer()
    {
        Span<byte> descriptor = stackalloc byte[DescriptorByteCount];
        if (!memory.ReadBytes(_list + (ulong)(_current * DescriptorByteCount), descriptor))
        {
            descriptor.Clear();
        }

        _address = BinaryPrimitives.ReadUInt32LittleEndian(descriptor) & ~1u;
        _flags = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[4..]);
        _samplesLeft = (ushort)_flags;
    }

    private void CompleteBuffer()
    {
        if ((_flags & DescriptorInterrupt) != 0)
        {
            _status |= StatusCompleted;
        }

        if (_current == _last)
        {
            _status |= StatusLastCompleted | StatusCurrentIsLast | StatusHalted;
        }
    }

    private void MoveFrame()
    {
        Span<byte> frame = stackalloc byte[4];
        int samples = Math.Min(samplesPerFrame, (int)_samplesLeft);
        frame.Clear();
        if (isInput)
        {
            _ = memory.WriteBytes(_address, frame[..(2 * samples)]);
        }
        else
        {
            _ = memory.ReadBytes(_address, frame[..(2 * samples)]);
            _converter.Push(BinaryPrimitives.ReadInt16LittleEndian(frame), BinaryPrimitives.ReadInt16LittleEndian(frame[2..]));
        }

        _address += (uint)(2 * samples);
        _samplesLeft -= (ushort)samples;
        if (_samplesLeft != 0)
        {
            return;
        }

        CompleteBuffer();
        if ((_status & StatusHalted) == 0)
        {
            TakeNextBuffer();
        }
    }
}
