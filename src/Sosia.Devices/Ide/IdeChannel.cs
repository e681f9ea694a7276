using System;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Ata;
using Sosia.Devices.Common;

namespace Sosia.Devices.Ide;

/// <summary>
/// One IDE cable with up to two devices (ATA/ATAPI-6, chapters 7 and 9): the registers as the host sees them, selection and interrupts. Both devices
/// see every write to a register but Command; the selected one answers.
/// </summary>
internal sealed partial class IdeChannel : IPortDevice
{
    // With nothing on the cable, a resistor pulls data line 7 down (ATA/ATAPI-6, 4.2.1); the others float to ones.
    private const byte FloatingByte = 0x7f;
    private const uint FloatingWord = 0xff7f;

    private const byte ControlDisableInterrupt = 1 << 1;
    private const byte ControlReset = 1 << 2;
    private const byte ControlHighOrder = 1 << 7;

    // How long a device is busy after a software reset; the standard allows 31 s.
    private const long ResetNanoseconds = 1_000_000;

    private readonly AtaDevice?[] _devices = new AtaDevice?[2];
    private readonly bool[] _interrupts = new bool[2];
    private readonly MachineClock _clock;
    private readonly IrqLine _irq;
    private readonly DiagnosticLog _log;
    private readonly ClockTimer _timer;
    private readonly string _name;
    private int _selected;
    private byte _control;

    /// <summary>Creates a channel without devices.</summary>
    /// <param name="name">Its name in messages.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="memory">Where the bus master moves data.</param>
    /// <param name="irq">Its interrupt.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public IdeChannel(string name, MachineClock clock, MemoryBus memory, IrqLine irq, DiagnosticLog log)
    {
        _name = name;
        _clock = clock;
        _irq = irq;
        _log = log;
        _timer = clock.CreateTimer(name, GoOn);
        BusMaster = new IdeBusMaster(memory) { Started = BusMasterStarted };
        ControlPort = new BytePorts(1, _ => ReadAlternateStatus(), (_, value) => WriteControl(value));
    }

    /// <summary>The bus master registers.</summary>
    public IdeBusMaster BusMaster { get; }

    /// <summary>Alternate Status and Device Control.</summary>
    public IPortDevice ControlPort { get; }

    /// <summary>Puts a device on the cable.</summary>
    /// <param name="unit">0 or 1.</param>
    /// <param name="device">The device.</param>
    public void Attach(int unit, AtaDevice device) => _devices[unit] = device;

    /// <summary>The device at a place; null for none.</summary>
    public AtaDevice? Device(int unit) => _devices[unit];

    /// <summary>Puts the channel and its devices to their power-on state.</summary>
    public void Reset()
    {
        _timer.Cancel();
        _phase = IdePhase.Idle;
        _selected = 0;
        _control = 0;
        _dataPosition = _dataEnd = 0;
        BusMaster.Reset();
        _interrupts[0] = _interrupts[1] = false;
        foreach (AtaDevice? device in _devices)
        {
            device?.PowerOn();
        }

        UpdateInterrupt();
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount)
    {
        if (offset == 0)
        {
            return byteCount == 4 ? ReadData() | (ReadData() << 16) : ReadData();
        }

        uint value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            value |= (offset + i < 8 ? ReadRegister(offset + i) : 0xffu) << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value)
    {
        if (offset == 0)
        {
            WriteData((ushort)value);
            if (byteCount == 4)
            {
                WriteData((ushort)(value >> 16));
            }

            return;
        }

        for (int i = 0; i < byteCount && offset + i < 8; i++)
        {
            WriteRegister(offset + i, (byte)(value >> (8 * i)));
        }
    }

    /// <summary>Writes its state.</summary>
    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "selected", _selected);
        writer.Write(prefix + "control", _control);
        writer.Write(prefix + "phase", (long)_phase);
        writer.Write(prefix + "active", _active);
        writer.Write(prefix + "command", _command);
        writer.Write(prefix + "data", _data.AsSpan(0, _dataEnd));
        writer.Write(prefix + "dataPosition", _dataPosition);
        writer.Write(prefix + "dataEnd", _dataEnd);
        writer.Write(prefix + "listStart", _listStart);
        writer.Write(prefix + "irq", _irq.IsAsserted);
        writer.Write(prefix + "timerArmed", _timer.IsArmed);
        writer.Write(prefix + "timerDeadline", _timer.IsArmed ? _timer.DeadlineNanoseconds : 0);
        BusMaster.Save(writer, prefix + "busMaster.");
        for (int i = 0; i < 2; i++)
        {
            writer.Write($"{prefix}interrupt{i}", _interrupts[i]);
            _devices[i]?.Save(writer, $"{prefix}device{i}.");
        }
    }

    /// <summary>Reads its state back.</summary>
    /// <exception cref="SosiaException">The snapshot is damaged, or has other devices.</exception>
    public void Restore(SnapshotReader reader, string prefix)
    {
        _selected = reader.ReadInt32(prefix + "selected") & 1;
        _control = reader.ReadByte(prefix + "control");
        _phase = (IdePhase)reader.ReadByte(prefix + "phase");
        _active = reader.ReadInt32(prefix + "active") & 1;
        _command = reader.ReadByte(prefix + "command");
        _dataPosition = reader.ReadInt32(prefix + "dataPosition");
        _dataEnd = Math.Clamp(reader.ReadInt32(prefix + "dataEnd"), 0, _data.Length);
        reader.ReadBytes(prefix + "data", _data.AsSpan(0, _dataEnd));
        _listStart = reader.ReadUInt64(prefix + "listStart");
        _irq.RestoreLevel(reader.ReadBoolean(prefix + "irq"));
        _timer.Cancel();
        if (reader.ReadBoolean(prefix + "timerArmed"))
        {
            _timer.Arm(reader.ReadInt64(prefix + "timerDeadline"));
        }

        BusMaster.Restore(reader, prefix + "busMaster.");
        for (int i = 0; i < 2; i++)
        {
            _interrupts[i] = reader.ReadBoolean($"{prefix}interrupt{i}");
            if (reader.Has($"{prefix}device{i}.status") != (_devices[i] is not null))
            {
                throw new SosiaException($"The snapshot has other drives at {_name}; give the drives that it was taken with.");
            }

            _devices[i]?.Restore(reader, $"{prefix}device{i}.");
        }

        bool isSound = _phase <= IdePhase.Reset && _dataPosition >= 0 && _dataPosition <= _dataEnd
            && (_phase is not (IdePhase.DataIn or IdePhase.DataOut) || _dataPosition < _dataEnd)
            && (_phase is IdePhase.Idle or IdePhase.Reset or IdePhase.Diagnostic || _devices[_active] is not null)
            && (_devices[_active] is not { } device || _listStart <= device.Transferred);
        if (!isSound)
        {
            throw new SosiaException($"The snapshot is damaged: the state of {_name} makes no sense.");
        }
    }

    private AtaDevice? Selected => _devices[_selected];

    private byte ReadRegister(int offset)
    {
        // Device 0 answers in the place of a device 1 that does not exist, with no status (ATA/ATAPI-6, 9.16).
        AtaDevice? device = Selected ?? _devices[0];
        if (device is null)
        {
            return FloatingByte;
        }

        AtaRegisters registers = device.Registers;
        int shift = (_control & ControlHighOrder) != 0 ? 8 : 0;
        switch (offset)
        {
            case 1:
                return registers.Error;
            case 2:
                return (byte)(registers.Count >> shift);
            case 3:
                return (byte)(registers.LbaLow >> shift);
            case 4 or 5 when Selected is null && device is AtapiDevice:
                // Its signature in the place of device 1 would be taken for a second drive, which BIOSes then wait for.
                return 0;
            case 4:
                return (byte)(registers.LbaMid >> shift);
            case 5:
                return (byte)(registers.LbaHigh >> shift);
            case 6:
                return (byte)((registers.Device & ~AtaRegisters.DeviceSelect) | 0xa0 | (_selected << 4));
            default:
                if (Selected is null)
                {
                    return 0;
                }

                _interrupts[_selected] = false;
                UpdateInterrupt();
                return registers.Status;
        }
    }

    private byte ReadAlternateStatus()
        => Selected is { } device ? device.Registers.Status : _devices[0] is not null ? (byte)0 : FloatingByte;

    private void WriteRegister(int offset, byte value)
    {
        _control &= unchecked((byte)~ControlHighOrder);
        if (offset == 7)
        {
            WriteCommand(value);
            return;
        }

        if (offset == 6)
        {
            _selected = (value & AtaRegisters.DeviceSelect) != 0 ? 1 : 0;
            UpdateInterrupt();
        }

        foreach (AtaDevice? device in _devices)
        {
            // A busy device does not look.
            if (device is not null && (device.Registers.Status & (AtaStatus.Busy | AtaStatus.DataRequest)) == 0)
            {
                WriteRegister(device.Registers, offset, value);
            }
        }
    }

    private static void WriteRegister(AtaRegisters registers, int offset, byte value)
    {
        switch (offset)
        {
            case 1:
                AtaRegisters.Push(ref registers.Features, value);
                break;
            case 2:
                AtaRegisters.Push(ref registers.Count, value);
                break;
            case 3:
                AtaRegisters.Push(ref registers.LbaLow, value);
                break;
            case 4:
                AtaRegisters.Push(ref registers.LbaMid, value);
                break;
            case 5:
                AtaRegisters.Push(ref registers.LbaHigh, value);
                break;
            default:
                registers.Device = value;
                break;
        }
    }

    private void WriteControl(byte value)
    {
        byte before = _control;
        _control = value;
        if ((value & ~before & ControlReset) != 0)
        {
            BeginReset();
        }
        else if ((~value & before & ControlReset) != 0)
        {
            _phase = IdePhase.Reset;
            _timer.Arm(_clock.NowNanoseconds + ResetNanoseconds);
        }

        UpdateInterrupt();
    }

    private void BeginReset()
    {
        _timer.Cancel();
        _phase = IdePhase.Idle;
        _dataPosition = _dataEnd = 0;
        _selected = 0;
        _interrupts[0] = _interrupts[1] = false;
        foreach (AtaDevice? device in _devices)
        {
            if (device is not null)
            {
                device.Reset(isHardware: false);
                device.Registers.Status = AtaStatus.Busy;
            }
        }
    }

    private void EndReset()
    {
        _phase = IdePhase.Idle;
        foreach (AtaDevice? device in _devices)
        {
            device?.Reset(isHardware: false);
        }
    }

    private void RaiseInterrupt()
    {
        _interrupts[_active] = true;
        UpdateInterrupt();
    }

    // The selected device drives the wire, if it is allowed to.
    private void UpdateInterrupt()
    {
        bool asserted = _interrupts[_selected] && (_control & (ControlDisableInterrupt | ControlReset)) == 0;
        if (asserted && !_irq.IsAsserted)
        {
            BusMaster.NoteInterrupt();
        }

        _irq.Set(asserted);
    }
}
