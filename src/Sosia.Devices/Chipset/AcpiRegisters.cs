using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Chipset;

/// <summary>
/// The ACPI register block of the 82371AB PIIX4 (Intel data sheet 290562, section 7.2; ACPI 6.5, section 4.8): PM1 event and control
/// registers, power management timer, general-purpose events, SCI.
/// </summary>
public sealed class AcpiRegisters : IPortDevice
{
    /// <summary>How many ports the block has.</summary>
    public const int PortCount = 64;

    /// <summary>Offset of PM1a_EVT_BLK (4 bytes).</summary>
    public const int Pm1EventOffset = 0x00;

    /// <summary>Offset of PM1a_CNT_BLK (2 bytes).</summary>
    public const int Pm1ControlOffset = 0x04;

    /// <summary>Offset of PM_TMR_BLK (4 bytes).</summary>
    public const int PmTimerOffset = 0x08;

    /// <summary>Offset of GPE0_BLK (4 bytes: 2 of status, 2 of enables).</summary>
    public const int Gpe0Offset = 0x0c;

    /// <summary>Frequency of the power management timer.</summary>
    public const long TimerFrequencyHertz = 3_579_545;

    private const ushort TimerStatus = 1 << 0;
    private const ushort PowerButtonStatus = 1 << 8;
    private const ushort StatusBits = 0x8531;
    private const ushort EnableBits = 0x0521;
    private const ushort ControlSciEnable = 1 << 0;
    private const int SleepTypeSoftOff = 0;

    private readonly FrequencyScale _scale = new(TimerFrequencyHertz);
    private readonly MachineClock _clock;
    private readonly ClockTimer _timer;
    private readonly IrqLine _sci;
    private readonly IMachineControl _machine;
    private readonly DiagnosticLog _log;
    private readonly int _topBit;
    private readonly byte[] _other = new byte[PortCount];   // registers that are plain storage
    private ushort _status;
    private ushort _enable;
    private ushort _control;
    private ushort _eventStatus;
    private ushort _eventEnable;
    private long _halfPeriods;      // changes of the timer's top bit that the status has taken notice of
    private bool _otherSciSource;

    internal AcpiRegisters(MachineClock clock, IrqLine sci, IMachineControl machine, DiagnosticLog log, bool has32BitTimer)
    {
        _clock = clock;
        _sci = sci;
        _machine = machine;
        _log = log;
        _topBit = has32BitTimer ? 31 : 23;
        _timer = clock.CreateTimer("acpi-pm", Update);
    }

    /// <summary>True when the power management timer has 32 bits (FADT flag TMR_VAL_EXT), false for 24.</summary>
    public bool Has32BitTimer => _topBit == 31;

    /// <summary>True when events raise the SCI (the operating system has taken over).</summary>
    public bool IsSciEnabled
    {
        get => (_control & ControlSciEnable) != 0;
        internal set
        {
            _control = (ushort)(value ? _control | ControlSciEnable : _control & ~ControlSciEnable);
            Update();
        }
    }

    /// <summary>The user presses the power button.</summary>
    public void PressPowerButton()
    {
        _status |= PowerButtonStatus;
        Update();
    }

    /// <summary>A general-purpose event happens.</summary>
    /// <param name="number">0 to 15.</param>
    public void RaiseGeneralPurposeEvent(int number)
    {
        _eventStatus |= (ushort)(1 << (number & 15));
        Update();
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount)
    {
        Update();
        ulong value = ReadAligned(offset & ~3) | ((ulong)ReadAligned((offset & ~3) + 4) << 32);
        return (uint)(value >> ((offset & 3) * 8));
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value)
    {
        Update();
        for (int i = 0; i < byteCount && offset + i < PortCount; i++)
        {
            WriteByte(offset + i, (byte)(value >> (8 * i)));
        }

        Update();
    }

    internal void Reset()
    {
        _status = _enable = _control = _eventStatus = _eventEnable = 0;
        Array.Clear(_other);
        _halfPeriods = HalfPeriods();
        _otherSciSource = false;
        Update();
    }

    /// <summary>Another function of the chip shares the SCI.</summary>
    internal void SetOtherSciSource(bool asserted)
    {
        _otherSciSource = asserted;
        Update();
    }

    internal void Save(SnapshotWriter writer)
    {
        writer.Write("pm.status", _status);
        writer.Write("pm.enable", _enable);
        writer.Write("pm.control", _control);
        writer.Write("pm.gpe-status", _eventStatus);
        writer.Write("pm.gpe-enable", _eventEnable);
        writer.Write("pm.half-periods", _halfPeriods);
        writer.Write("pm.other", _other);
        writer.Write("pm.other-sci", _otherSciSource);
        writer.Write("pm.due", _timer.IsArmed ? _timer.DeadlineNanoseconds : MachineClock.Never);
        writer.Write("pm.sci", _sci.IsAsserted);
    }

    internal void Restore(SnapshotReader reader)
    {
        _status = reader.ReadUInt16("pm.status");
        _enable = reader.ReadUInt16("pm.enable");
        _control = reader.ReadUInt16("pm.control");
        _eventStatus = reader.ReadUInt16("pm.gpe-status");
        _eventEnable = reader.ReadUInt16("pm.gpe-enable");
        _halfPeriods = reader.ReadInt64("pm.half-periods");
        reader.ReadBytes("pm.other", _other);
        _otherSciSource = reader.ReadBoolean("pm.other-sci");
        long due = reader.ReadInt64("pm.due");
        if (due == MachineClock.Never)
        {
            _timer.Cancel();
        }
        else
        {
            _timer.Arm(due);
        }

        _sci.RestoreLevel(reader.ReadBoolean("pm.sci"));
    }

    private long HalfPeriods() => _scale.TicksAt(_clock.NowNanoseconds) >> _topBit;

    private uint ReadAligned(int offset)
    {
        switch (offset)
        {
            case Pm1EventOffset:
                return _status | ((uint)_enable << 16);
            case Pm1ControlOffset:
                return _control;
            case PmTimerOffset:
                return (uint)_scale.TicksAt(_clock.NowNanoseconds) & (uint.MaxValue >> (31 - _topBit));
            case Gpe0Offset:
                return _eventStatus | ((uint)_eventEnable << 16);
            case >= 0x10 and < PortCount:
                return BitConverter.ToUInt32(_other, offset);
            default:
                return 0;
        }
    }

    private void WriteByte(int offset, byte value)
    {
        int shift = 8 * (offset & 1);
        switch (offset)
        {
            case 0x00:
            case 0x01:
                _status &= (ushort)~((value << shift) & StatusBits);
                break;
            case 0x02:
            case 0x03:
                _enable = (ushort)(Merge(_enable, value, shift) & EnableBits);
                break;
            case 0x04:
                _control = (ushort)((_control & ~3) | (value & 3));
                break;
            case 0x05:
                _control = (ushort)((_control & 0x00ff) | ((value & 0x1c) << 8));
                if ((value & 0x20) != 0)
                {
                    Sleep((value >> 2) & 7);
                }

                break;
            case 0x0c:
            case 0x0d:
                _eventStatus &= (ushort)~(value << shift);
                break;
            case 0x0e:
            case 0x0f:
                _eventEnable = Merge(_eventEnable, value, shift);
                break;
            case >= 0x10:
                _other[offset] = value;
                break;
        }
    }

    private static ushort Merge(ushort register, byte value, int shift)
        => (ushort)((register & ~(0xff << shift)) | (value << shift));

    private void Sleep(int type)
    {
        if (type == SleepTypeSoftOff)
        {
            _machine.RequestPowerOff();
        }
        else
        {
            _log.GuestMisuse("acpi", "sleep type that this machine does not offer", (ulong)type);
        }
    }

    private void Update()
    {
        long halfPeriods = HalfPeriods();
        if (halfPeriods != _halfPeriods)
        {
            _halfPeriods = halfPeriods;
            _status |= TimerStatus;
        }

        _sci.Set((IsSciEnabled && ((_status & _enable) != 0 || (_eventStatus & _eventEnable) != 0)) || _otherSciSource);
        if ((_enable & TimerStatus) != 0 && (_status & TimerStatus) == 0)
        {
            _timer.Arm(_scale.NanosecondsAt((_halfPeriods + 1) << _topBit));
        }
        else
        {
            _timer.Cancel();
        }
    }
}
