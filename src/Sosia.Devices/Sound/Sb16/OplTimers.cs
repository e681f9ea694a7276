using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Devices.Sound.Sb16;

/// <summary>
/// The registers of a YMF262 (OPL3) as software sees them that looks for one: index and data ports, two timers and their status. The operators make no
/// sound; synthesis is not implemented.
/// </summary>
internal sealed class OplTimers(MachineClock clock)
{
    private const byte ControlReset = 1 << 7;
    private const byte MaskFirst = 1 << 6;
    private const byte MaskSecond = 1 << 5;
    private const byte StartFirst = 1 << 0;
    private const byte StartSecond = 1 << 1;
    private const byte StatusInterrupt = 1 << 7;

    private const int FirstTimer = 0x02;
    private const int SecondTimer = 0x03;
    private const int TimerControl = 0x04;
    private const long FirstTick = 80_000;
    private const long SecondTick = 320_000;

    // Two banks of registers.
    private readonly byte[] _registers = new byte[512];
    private int _index;
    private byte _control;
    private byte _status;
    private long _firstDue = MachineClock.Never;
    private long _secondDue = MachineClock.Never;

    public void Reset()
    {
        System.Array.Clear(_registers);
        _index = _control = _status = 0;
        _firstDue = _secondDue = MachineClock.Never;
    }

    /// <summary>Reads one of the four ports.</summary>
    public byte Read(int offset)
    {
        if ((offset & 1) != 0)
        {
            return 0xff;
        }

        long now = clock.NowNanoseconds;
        Expire(ref _firstDue, now, MaskFirst, (256 - _registers[FirstTimer]) * FirstTick);
        Expire(ref _secondDue, now, MaskSecond, (256 - _registers[SecondTimer]) * SecondTick);
        return _status;
    }

    /// <summary>Writes one of the four ports: index and data of the first bank, then of the second.</summary>
    public void Write(int offset, byte value)
    {
        if ((offset & 1) == 0)
        {
            _index = value | ((offset & 2) << 7);
            return;
        }

        _registers[_index] = value;
        if (_index != TimerControl)
        {
            return;
        }

        if ((value & ControlReset) != 0)
        {
            _status = 0;
            return;
        }

        long now = clock.NowNanoseconds;
        _firstDue = Start(value, StartFirst, _firstDue, now + ((256 - _registers[FirstTimer]) * FirstTick));
        _secondDue = Start(value, StartSecond, _secondDue, now + ((256 - _registers[SecondTimer]) * SecondTick));
        _control = value;
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("opl.registers", _registers);
        writer.Write("opl.index", _index);
        writer.Write("opl.control", _control);
        writer.Write("opl.status", _status);
        writer.Write("opl.first-due", _firstDue);
        writer.Write("opl.second-due", _secondDue);
    }

    public void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("opl.registers", _registers);
        _index = reader.ReadInt32("opl.index") & 0x1ff;
        _control = reader.ReadByte("opl.control");
        _status = reader.ReadByte("opl.status");
        _firstDue = reader.ReadInt64("opl.first-due");
        _secondDue = reader.ReadInt64("opl.second-due");
    }

    private long Start(byte value, byte bit, long due, long newDue)
        => (value & bit) == 0 ? MachineClock.Never : (_control & bit) != 0 && due != MachineClock.Never ? due : newDue;

    // A timer goes round and round; its flag stays until it is reset.
    private void Expire(ref long due, long now, byte mask, long period)
    {
        if (now < due)
        {
            return;
        }

        due += ((now - due) / period + 1) * period;
        if ((_control & mask) == 0)
        {
            _status |= (byte)(StatusInterrupt | mask);
        }
    }
}
