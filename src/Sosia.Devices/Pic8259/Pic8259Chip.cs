using System.Numerics;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Pic8259;

/// <summary>One Intel 8259A programmable interrupt controller (data sheet 231468).</summary>
internal sealed class Pic8259Chip
{
    private enum Expecting
    {
        Operation,
        Icw2,
        Icw3,
        Icw4,
    }

    private byte _lines;            // levels on IR0..IR7
    private byte _requests;         // IRR
    private byte _inService;        // ISR
    private byte _mask;             // IMR
    private byte _lowestPriority;   // the level with the lowest priority, 7 after initialization
    private byte _vectorBase;
    private byte _cascade;          // ICW3
    private Expecting _expecting;
    private bool _needsIcw4;
    private bool _single;
    private bool _levelTriggered;   // ICW1 LTIM
    private bool _specialMask;
    private bool _readInService;
    private bool _poll;
    private bool _autoEoi;
    private bool _rotateOnAutoEoi;
    private bool _fullyNestedSpecial;

    /// <summary>Edge/level control register bits (PIIX3): 1 = level-triggered.</summary>
    public byte EdgeLevel { get; private set; }

    /// <summary>The INT output.</summary>
    public bool Output => HighestRequest() >= 0;

    /// <summary>ICW3: which inputs have slaves (master), or the slave's identity.</summary>
    public byte Cascade => _cascade;

    /// <summary>ICW1 SNGL: no cascade.</summary>
    public bool Single => _single;

    public void Reset()
    {
        _requests = _inService = _mask = _vectorBase = _cascade = 0;
        _lowestPriority = 7;
        _expecting = Expecting.Operation;
        _needsIcw4 = _single = _levelTriggered = _specialMask = _readInService = _poll = false;
        _autoEoi = _rotateOnAutoEoi = _fullyNestedSpecial = false;
        EdgeLevel = 0;
    }

    public void SetEdgeLevel(byte value)
    {
        EdgeLevel = value;
        // A line that became level-sensitive requests as long as it is high, and no longer than that.
        _requests = (byte)((_requests & ~LevelLines) | (_lines & LevelLines));
    }

    public void SetLine(int line, bool asserted)
    {
        var bit = (byte)(1 << line);
        if (asserted)
        {
            if ((_lines & bit) == 0 || (LevelLines & bit) != 0)
            {
                _requests |= bit;
            }

            _lines |= bit;
        }
        else
        {
            // "IR inputs must remain high until after the falling edge of the first INTA": a request that goes away is forgotten.
            _lines &= (byte)~bit;
            _requests &= (byte)~bit;
        }
    }

    /// <summary>First INTA: freezes priorities, moves the request into service.</summary>
    /// <returns>The level, or 7 with <paramref name="spurious"/> when nothing is pending.</returns>
    public int Acknowledge(out bool spurious)
    {
        int level = HighestRequest();
        spurious = level < 0;
        if (spurious)
        {
            return 7;
        }

        var bit = (byte)(1 << level);
        if ((LevelLines & bit) == 0)
        {
            _requests &= (byte)~bit;
        }

        if (!_autoEoi)
        {
            _inService |= bit;
        }
        else if (_rotateOnAutoEoi)
        {
            _lowestPriority = (byte)level;
        }

        return level;
    }

    public byte Vector(int level) => (byte)(_vectorBase | level);

    /// <summary>True when an acknowledged request of the input is answered by a slave.</summary>
    public bool HasSlaveOn(int level) => !_single && (_cascade & (1 << level)) != 0;

    public byte Read(int offset)
    {
        if (_poll)
        {
            // OCW3 P: this read is the acknowledge.
            _poll = false;
            int level = Acknowledge(out bool spurious);
            return spurious ? (byte)0 : (byte)(0x80 | level);
        }

        return offset == 1 ? _mask : _readInService ? _inService : _requests;
    }

    public void Write(int offset, byte value)
    {
        if (offset == 0)
        {
            if ((value & 0x10) != 0)
            {
                WriteIcw1(value);
            }
            else if ((value & 0x08) != 0)
            {
                WriteOcw3(value);
            }
            else
            {
                WriteOcw2(value);
            }

            return;
        }

        switch (_expecting)
        {
            case Expecting.Icw2:
                _vectorBase = (byte)(value & 0xf8);
                _expecting = !_single ? Expecting.Icw3 : _needsIcw4 ? Expecting.Icw4 : Expecting.Operation;
                break;
            case Expecting.Icw3:
                _cascade = value;
                _expecting = _needsIcw4 ? Expecting.Icw4 : Expecting.Operation;
                break;
            case Expecting.Icw4:
                _autoEoi = (value & 0x02) != 0;
                _fullyNestedSpecial = (value & 0x10) != 0;
                _expecting = Expecting.Operation;
                break;
            default:
                _mask = value;
                break;
        }
    }

    /// <summary>Reads everything, for a hypervisor of the host that stands in for this chip.</summary>
    public PicRegisters Export() => new()
    {
        Lines = _lines,
        Requests = _requests,
        Mask = _mask,
        InService = _inService,
        LowestPriority = _lowestPriority,
        VectorBase = _vectorBase,
        Cascade = _cascade,
        EdgeLevel = EdgeLevel,
        ExpectedWord = (byte)(_expecting == Expecting.Operation ? 0 : (int)_expecting + 1),
        NeedsIcw4 = _needsIcw4,
        ReadsInService = _readInService,
        Poll = _poll,
        SpecialMask = _specialMask,
        AutoEoi = _autoEoi,
        RotatesOnAutoEoi = _rotateOnAutoEoi,
        SpecialFullyNested = _fullyNestedSpecial,
    };

    /// <summary>Replaces everything but what ICW1 says of the kind of wiring.</summary>
    public void Import(in PicRegisters registers)
    {
        _lines = registers.Lines;
        _requests = registers.Requests;
        _mask = registers.Mask;
        _inService = registers.InService;
        _lowestPriority = (byte)(registers.LowestPriority & 7);
        _vectorBase = (byte)(registers.VectorBase & 0xf8);
        _cascade = registers.Cascade;
        EdgeLevel = registers.EdgeLevel;
        _expecting = registers.ExpectedWord is >= 2 and <= 4 ? (Expecting)(registers.ExpectedWord - 1) : Expecting.Operation;
        _needsIcw4 = registers.NeedsIcw4;
        _readInService = registers.ReadsInService;
        _poll = registers.Poll;
        _specialMask = registers.SpecialMask;
        _autoEoi = registers.AutoEoi;
        _rotateOnAutoEoi = registers.RotatesOnAutoEoi;
        _fullyNestedSpecial = registers.SpecialFullyNested;
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "lines", _lines);
        writer.Write(prefix + "irr", _requests);
        writer.Write(prefix + "isr", _inService);
        writer.Write(prefix + "imr", _mask);
        writer.Write(prefix + "lowest", _lowestPriority);
        writer.Write(prefix + "base", _vectorBase);
        writer.Write(prefix + "icw3", _cascade);
        writer.Write(prefix + "elcr", EdgeLevel);
        writer.Write(prefix + "expecting", (long)_expecting);
        writer.Write(prefix + "icw4", _needsIcw4);
        writer.Write(prefix + "single", _single);
        writer.Write(prefix + "ltim", _levelTriggered);
        writer.Write(prefix + "smm", _specialMask);
        writer.Write(prefix + "ris", _readInService);
        writer.Write(prefix + "poll", _poll);
        writer.Write(prefix + "aeoi", _autoEoi);
        writer.Write(prefix + "rotate", _rotateOnAutoEoi);
        writer.Write(prefix + "sfnm", _fullyNestedSpecial);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        _lines = reader.ReadByte(prefix + "lines");
        _requests = reader.ReadByte(prefix + "irr");
        _inService = reader.ReadByte(prefix + "isr");
        _mask = reader.ReadByte(prefix + "imr");
        _lowestPriority = (byte)(reader.ReadByte(prefix + "lowest") & 7);
        _vectorBase = reader.ReadByte(prefix + "base");
        _cascade = reader.ReadByte(prefix + "icw3");
        EdgeLevel = reader.ReadByte(prefix + "elcr");
        _expecting = (Expecting)reader.ReadInt32(prefix + "expecting");
        _needsIcw4 = reader.ReadBoolean(prefix + "icw4");
        _single = reader.ReadBoolean(prefix + "single");
        _levelTriggered = reader.ReadBoolean(prefix + "ltim");
        _specialMask = reader.ReadBoolean(prefix + "smm");
        _readInService = reader.ReadBoolean(prefix + "ris");
        _poll = reader.ReadBoolean(prefix + "poll");
        _autoEoi = reader.ReadBoolean(prefix + "aeoi");
        _rotateOnAutoEoi = reader.ReadBoolean(prefix + "rotate");
        _fullyNestedSpecial = reader.ReadBoolean(prefix + "sfnm");
    }

    private byte LevelLines => _levelTriggered ? (byte)0xff : EdgeLevel;

    // Priority of a level: 0 is the highest.
    private int Priority(int level) => (level - _lowestPriority - 1) & 7;

    // The level with the highest priority in a set, or −1.
    private int Highest(byte levels)
    {
        if (levels == 0)
        {
            return -1;
        }

        int first = (_lowestPriority + 1) & 7;
        var rotated = (byte)((levels >> first) | (levels << (8 - first)));
        return (BitOperations.TrailingZeroCount(rotated) + first) & 7;
    }

    // The request that INT stands for, or −1.
    private int HighestRequest()
    {
        int request = Highest((byte)(_requests & ~_mask));
        if (request < 0)
        {
            return -1;
        }

        int serving = Highest(_specialMask ? (byte)(_inService & ~_mask) : _inService);
        if (serving < 0 || Priority(request) < Priority(serving))
        {
            return request;
        }

        // Special fully nested mode: a slave in service may interrupt again through the same input.
        return _fullyNestedSpecial && request == serving && HasSlaveOn(request) ? request : -1;
    }

    private void WriteIcw1(byte value)
    {
        _needsIcw4 = (value & 0x01) != 0;
        _single = (value & 0x02) != 0;
        _levelTriggered = (value & 0x08) != 0;
        _expecting = Expecting.Icw2;
        _mask = 0;
        _inService = 0;
        _lowestPriority = 7;
        _specialMask = false;
        _readInService = false;
        _poll = false;
        _rotateOnAutoEoi = false;
        if (!_needsIcw4)
        {
            _autoEoi = false;
            _fullyNestedSpecial = false;
        }

        // The edge sense circuit is reset: an edge-triggered input must go low and high again.
        _requests = (byte)(_lines & LevelLines);
    }

    private void WriteOcw2(byte value)
    {
        int level = value & 7;
        switch (value >> 5)
        {
            case 0:
                _rotateOnAutoEoi = false;
                break;
            case 4:
                _rotateOnAutoEoi = true;
                break;
            case 1:
            case 5:
                // In special mask mode a masked level in service is left alone.
                int highest = Highest(_specialMask ? (byte)(_inService & ~_mask) : _inService);
                if (highest >= 0)
                {
                    _inService &= (byte)~(1 << highest);
                    if ((value & 0x80) != 0)
                    {
                        _lowestPriority = (byte)highest;
                    }
                }

                break;
            case 3:
                _inService &= (byte)~(1 << level);
                break;
            case 7:
                _inService &= (byte)~(1 << level);
                _lowestPriority = (byte)level;
                break;
            case 6:
                _lowestPriority = (byte)level;
                break;
        }
    }

    private void WriteOcw3(byte value)
    {
        if ((value & 0x40) != 0)
        {
            _specialMask = (value & 0x20) != 0;
        }

        if ((value & 0x04) != 0)
        {
            _poll = true;
        }
        else if ((value & 0x02) != 0)
        {
            _readInService = (value & 0x01) != 0;
        }
    }
}
