using System;
using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Mc146818;

/// <summary>
/// The MC146818 real-time clock with 128 bytes of CMOS RAM (Motorola data sheet ADI856; PC layout: 82371SB PIIX3 data sheet, section
/// 2.5.7) behind ports 0x70 and 0x71. Registers 0 to 13 are the clock's; the rest is memory that firmware fills. The 32.768 kHz chain,
/// the update cycle and the three interrupt sources follow guest time exactly.
/// </summary>
/// <remarks>Runs on the machine's thread. With a thread per vCPU, one lock around the ports and the timer suffices.</remarks>
public sealed class RealTimeClock : ISnapshotable
{
    /// <summary>Register that holds the century in BCD or binary on PCs (ACPI FADT field CENTURY).</summary>
    public const int CenturyRegister = 0x32;

    /// <summary>Register that tells firmware why the machine was reset.</summary>
    public const int ShutdownStatusRegister = 0x0f;

    private const int RegisterA = 10;
    private const int RegisterB = 11;
    private const int RegisterC = 12;
    private const int RegisterD = 13;

    private const byte BPeriodic = 0x40;
    private const byte BAlarm = 0x20;
    private const byte BUpdate = 0x10;
    private const byte BSet = 0x80;
    private const byte BBinary = 0x04;
    private const byte B24Hour = 0x02;

    private const long Second = 1_000_000_000;

    // The update cycle takes 1984 µs and is announced 244 µs before (data sheet, figure 11).
    private const long UpdateInProgressNanoseconds = 2_228_000;

    private readonly FrequencyScale _crystal = new(32_768);
    private readonly MachineClock _clock;
    private readonly IrqLine _irq;
    private readonly ClockTimer _timer;
    private readonly byte[] _registers = new byte[128];
    private byte _index;
    private long _lastUpdate;       // guest time of the last end of an update cycle
    private long _chainStart;       // guest time at which the divider chain was 0
    private long _lastPeriod;       // periodic tap: periods counted up to here since _chainStart

    /// <summary>Creates a clock that shows a time.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="irq8">Its interrupt wire.</param>
    /// <param name="start">The date and time at guest time 0: the host's, or a fixed one for a deterministic machine.</param>
    public RealTimeClock(MachineClock clock, IrqLine irq8, DateTime start)
    {
        _clock = clock;
        _irq = irq8;
        _timer = clock.CreateTimer("rtc", OnTimer);
        Ports = new BytePorts(2, ReadPort, WritePort);
        _registers[RegisterA] = 0x26;
        _registers[RegisterB] = B24Hour;
        _registers[RegisterD] = 0x80;
        SetTime(start);
    }

    /// <inheritdoc/>
    public string SnapshotName => "rtc";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The two ports, 0x70 on a PC.</summary>
    public IPortDevice Ports { get; }

    /// <summary>True when bit 7 of port 0x70 masks the NMI.</summary>
    public bool IsNmiMasked => (_index & 0x80) != 0;

    private bool IsRunning => (_registers[RegisterA] & 0x70) == 0x20;

    /// <summary>Claims ports 0x70 and 0x71.</summary>
    public void Map(PortBus ports) => ports.Map(0x70, 2, Ports, "rtc");

    /// <summary>The RESET pin: clears the interrupt enables and flags; time and memory stay, as the battery keeps them.</summary>
    public void Reset()
    {
        CatchUp();
        _index = 0;
        _registers[RegisterB] &= unchecked((byte)~(BPeriodic | BAlarm | BUpdate | 0x08));
        _registers[RegisterC] = 0;
        UpdateInterrupt();
        Schedule();
    }

    /// <summary>Reads a byte of CMOS memory without side effects, as firmware setup and tests do.</summary>
    public byte ReadMemory(int register) => _registers[register & 127];

    /// <summary>Writes a byte of CMOS memory (14 to 127), as firmware does when it starts.</summary>
    public void WriteMemory(int register, byte value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(register, 14);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(register, 127);
        _registers[register] = value;
    }

    /// <summary>Fills in the bytes in which PC firmware keeps the memory size, and the checksum over bytes 0x10 to 0x2D.</summary>
    /// <param name="belowFourGibibytes">RAM below 4 GiB, in bytes.</param>
    /// <param name="aboveFourGibibytes">RAM from 4 GiB on, in bytes.</param>
    public void SetMemorySize(ulong belowFourGibibytes, ulong aboveFourGibibytes)
    {
        const ulong Mebibyte = 1 << 20;
        ulong extendedKibibytes = belowFourGibibytes > Mebibyte ? Math.Min((belowFourGibibytes - Mebibyte) >> 10, 65535) : 0;
        ulong above16 = belowFourGibibytes > 16 * Mebibyte ? Math.Min((belowFourGibibytes - (16 * Mebibyte)) >> 16, 65535) : 0;
        ulong above4G = aboveFourGibibytes >> 16;
        _registers[0x15] = 640 & 0xff;
        _registers[0x16] = 640 >> 8;
        _registers[0x17] = _registers[0x30] = (byte)extendedKibibytes;
        _registers[0x18] = _registers[0x31] = (byte)(extendedKibibytes >> 8);
        _registers[0x34] = (byte)above16;
        _registers[0x35] = (byte)(above16 >> 8);
        _registers[0x5b] = (byte)above4G;
        _registers[0x5c] = (byte)(above4G >> 8);
        _registers[0x5d] = (byte)(above4G >> 16);
        SetChecksum();
    }

    /// <summary>Fills in the bytes in which PC firmware keeps the types of the floppy disk drives.</summary>
    /// <param name="first">The first drive's type as byte 0x10 codes it; 0 for none.</param>
    /// <param name="second">The second drive's.</param>
    public void SetFloppyDrives(byte first, byte second)
    {
        const byte DrivesPresent = 1;
        const byte SecondDrive = 1 << 6;
        const byte EquipmentMask = DrivesPresent | (3 << 6);
        _registers[0x10] = (byte)((first << 4) | second);
        int drives = second != 0 ? DrivesPresent | SecondDrive : first != 0 ? DrivesPresent : 0;
        _registers[0x14] = (byte)((_registers[0x14] & ~EquipmentMask) | drives);
        SetChecksum();
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("registers", _registers);
        writer.Write("index", _index);
        writer.Write("last-update", _lastUpdate);
        writer.Write("chain-start", _chainStart);
        writer.Write("last-period", _lastPeriod);
        writer.Write("due", _timer.IsArmed ? _timer.DeadlineNanoseconds : MachineClock.Never);
        writer.Write("irq", _irq.IsAsserted);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("registers", _registers);
        _index = reader.ReadByte("index");
        _lastUpdate = reader.ReadInt64("last-update");
        _chainStart = reader.ReadInt64("chain-start");
        _lastPeriod = reader.ReadInt64("last-period");
        ArmAt(reader.ReadInt64("due"));
        _irq.RestoreLevel(reader.ReadBoolean("irq"));
    }

    private byte ReadPort(int offset)
    {
        // The index register cannot be read.
        if (offset == 0)
        {
            return 0xff;
        }

        CatchUp();
        int register = _index & 127;
        byte value = _registers[register];
        if (register == RegisterA)
        {
            return (byte)(value | (IsUpdateInProgress() ? 0x80 : 0));
        }

        if (register == RegisterC)
        {
            _registers[RegisterC] = 0;
            UpdateInterrupt();
            Schedule();
        }

        return value;
    }

    private void WritePort(int offset, byte value)
    {
        if (offset == 0)
        {
            _index = value;
            return;
        }

        CatchUp();
        int register = _index & 127;
        switch (register)
        {
            case RegisterA:
                WriteRegisterA(value);
                break;
            case RegisterB:
                WriteRegisterB(value);
                break;
            case RegisterC:
            case RegisterD:
                break;
            default:
                _registers[register] = value;
                break;
        }

        UpdateInterrupt();
        Schedule();
    }

    private void WriteRegisterA(byte value)
    {
        bool wasRunning = IsRunning;
        byte rateBefore = (byte)(_registers[RegisterA] & 15);
        _registers[RegisterA] = (byte)(value & 0x7f);
        if (!wasRunning && IsRunning)
        {
            // The first update comes half a second after the divider leaves reset (data sheet, "Divider control").
            _chainStart = _clock.NowNanoseconds - (Second / 2);
            _lastUpdate = _chainStart;
            _lastPeriod = Periods();
        }
        else if (rateBefore != (value & 15))
        {
            _lastPeriod = Periods();
        }
    }

    private void WriteRegisterB(byte value)
    {
        if ((value & BSet) != 0)
        {
            // Setting SET aborts an update in progress and clears UIE.
            value &= unchecked((byte)~BUpdate);
        }

        _registers[RegisterB] = value;
    }

    // Brings the time and the flags up to now.
    private void CatchUp()
    {
        if (!IsRunning)
        {
            return;
        }

        long now = _clock.NowNanoseconds;
        long periods = Periods();
        if (periods != _lastPeriod)
        {
            _lastPeriod = periods;
            _registers[RegisterC] |= BPeriodic;
        }

        long seconds = (now - _lastUpdate) / Second;
        if (seconds <= 0)
        {
            return;
        }

        _lastUpdate += seconds * Second;
        if ((_registers[RegisterB] & BSet) != 0)
        {
            return;
        }

        _registers[RegisterC] |= BUpdate;
        CmosTime time = Decode();
        // The alarm repeats daily at the latest: after a day of seconds every alarm that can match has matched.
        long stepped = Math.Min(seconds, 86_400);
        time.AddSeconds(seconds - stepped);
        for (long i = 0; i < stepped; i++)
        {
            time.AddSeconds(1);
            if (AlarmMatches(time))
            {
                _registers[RegisterC] |= BAlarm;
            }
        }

        Encode(time);
    }

    // How many periods of the periodic tap have passed since the chain started.
    private long Periods()
    {
        long ticks = PeriodTicks();
        return ticks == 0 || !IsRunning ? 0 : _crystal.TicksAt(_clock.NowNanoseconds - _chainStart) / ticks;
    }

    // The rate selection of register A as crystal ticks per period; 0 for none.
    private long PeriodTicks() => (_registers[RegisterA] & 15) switch
    {
        0 => 0,
        1 => 128,
        2 => 256,
        int rate => 1L << (rate - 1),
    };

    private bool IsUpdateInProgress()
        => IsRunning && (_registers[RegisterB] & BSet) == 0
            && _lastUpdate + Second - _clock.NowNanoseconds <= UpdateInProgressNanoseconds;

    private void UpdateInterrupt()
    {
        bool asserted = (_registers[RegisterC] & _registers[RegisterB] & (BPeriodic | BAlarm | BUpdate)) != 0;
        _registers[RegisterC] = (byte)((_registers[RegisterC] & 0x7f) | (asserted ? 0x80 : 0));
        _irq.Set(asserted);
    }

    // Arms the timer for the next event that can interrupt.
    private void Schedule()
    {
        long due = MachineClock.Never;
        if (IsRunning)
        {
            if ((_registers[RegisterB] & BPeriodic) != 0 && PeriodTicks() is > 0 and long ticks)
            {
                due = _chainStart + _crystal.NanosecondsAt((_lastPeriod + 1) * ticks);
            }

            if ((_registers[RegisterB] & (BAlarm | BUpdate)) != 0)
            {
                due = Math.Min(due, _lastUpdate + Second);
            }
        }

        ArmAt(due);
    }

    private void OnTimer()
    {
        CatchUp();
        UpdateInterrupt();
        Schedule();
    }

    private void ArmAt(long nanoseconds)
    {
        if (nanoseconds == MachineClock.Never)
        {
            _timer.Cancel();
        }
        else
        {
            _timer.Arm(nanoseconds);
        }
    }

    private void SetTime(DateTime time) => Encode(new CmosTime
    {
        Second = time.Second,
        Minute = time.Minute,
        Hour = time.Hour,
        DayOfWeek = (int)time.DayOfWeek + 1,
        Day = time.Day,
        Month = time.Month,
        Year = time.Year,
    });

    private CmosTime Decode() => new()
    {
        Second = FromRegister(_registers[0]),
        Minute = FromRegister(_registers[2]),
        Hour = HourFromRegister(_registers[4]),
        DayOfWeek = FromRegister(_registers[6]),
        Day = FromRegister(_registers[7]),
        Month = FromRegister(_registers[8]),
        Year = FromRegister(_registers[9]) + (100 * FromRegister(_registers[CenturyRegister])),
    };

    private void Encode(in CmosTime time)
    {
        _registers[0] = ToRegister(time.Second);
        _registers[2] = ToRegister(time.Minute);
        _registers[4] = HourToRegister(time.Hour);
        _registers[6] = ToRegister(time.DayOfWeek);
        _registers[7] = ToRegister(time.Day);
        _registers[8] = ToRegister(time.Month);
        _registers[9] = ToRegister(time.Year % 100);
        _registers[CenturyRegister] = ToRegister(time.Year / 100);
    }

    private bool AlarmMatches(in CmosTime time)
        => Matches(_registers[1], ToRegister(time.Second))
            && Matches(_registers[3], ToRegister(time.Minute))
            && Matches(_registers[5], HourToRegister(time.Hour));

    // An alarm byte of 11xxxxxx matches everything.
    private static bool Matches(byte alarm, byte value) => alarm >= 0xc0 || alarm == value;

    private int FromRegister(byte value)
        => (_registers[RegisterB] & BBinary) != 0 ? value : ((value >> 4) * 10) + (value & 15);

    private byte ToRegister(int value)
        => (byte)((_registers[RegisterB] & BBinary) != 0 ? value : (value / 10 << 4) | (value % 10));

    private int HourFromRegister(byte value)
        => (_registers[RegisterB] & B24Hour) != 0
            ? FromRegister(value)
            : (FromRegister((byte)(value & 0x7f)) % 12) + ((value & 0x80) != 0 ? 12 : 0);

    private byte HourToRegister(int hour)
        => (_registers[RegisterB] & B24Hour) != 0
            ? ToRegister(hour)
            : (byte)(ToRegister(hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? 0x80 : 0));

    private void SetChecksum()
    {
        int sum = 0;
        for (int i = 0x10; i <= 0x2d; i++)
        {
            sum += _registers[i];
        }

        _registers[0x2e] = (byte)(sum >> 8);
        _registers[0x2f] = (byte)sum;
    }
}
