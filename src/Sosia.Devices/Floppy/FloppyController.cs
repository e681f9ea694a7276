using System;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Devices.Common;
using Sosia.Devices.Dma8237;

namespace Sosia.Devices.Floppy;

/// <summary>
/// The Intel 82077AA floppy disk controller (data sheet 290166) in PC/AT mode, with up to two drives. Here: the registers, resets and interrupts.
/// </summary>
/// <remarks>Disks turn faster than real ones: a sector takes 0.2 ms. There are no deleted data marks and no sectors of other sizes than 512 bytes.</remarks>
public sealed partial class FloppyController : ISnapshotable
{
    /// <summary>How many drives can be connected.</summary>
    public const int MaxDrives = 2;

    private const int UnitCount = 4;
    private const int BasePort = 0x3f0;
    private const int DmaChannel = 2;

    private const byte OutputNotReset = 1 << 2;
    private const byte OutputDmaGate = 1 << 3;
    private const byte RateSoftwareReset = 1 << 7;
    private const byte ConfigurePollDisable = 1 << 4;
    private const byte ConfigureImpliedSeek = 1 << 6;

    // Without FIFO, as the data sheet says, but with implied seeks: Bochs's BIOS reads and writes without ever moving the head.
    private const byte DefaultConfiguration = 0x20 | ConfigureImpliedSeek;

    // The data sheet's reset takes less than 3 µs; the interrupt follows when the drives were polled.
    private const long ResetNanoseconds = 50_000;

    private readonly MachineClock _clock;
    private readonly DmaControllers _dma;
    private readonly IrqLine _irq;
    private readonly DiagnosticLog _log;
    private readonly FloppyUnit[] _units = new FloppyUnit[UnitCount];
    private readonly ClockTimer _timer;
    private readonly ClockTimer[] _seekTimers = new ClockTimer[UnitCount];

    // What SENSE INTERRUPT STATUS will report of each unit; 0 for nothing.
    private readonly byte[] _unitStatus = new byte[UnitCount];
    private byte _output;
    private byte _tapeSelect;
    private byte _rate;
    private bool _interrupt;
    private bool _isResetting;

    /// <summary>Creates the controller without drives.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="dma">Whose channel 2 moves data.</param>
    /// <param name="irq">IRQ6.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public FloppyController(MachineClock clock, DmaControllers dma, IrqLine irq, DiagnosticLog log)
    {
        _clock = clock;
        _dma = dma;
        _irq = irq;
        _log = log;
        _timer = clock.CreateTimer("floppy", GoOn);
        for (int i = 0; i < UnitCount; i++)
        {
            _units[i] = new FloppyUnit();
            _seekTimers[i] = clock.CreateTimer($"floppy-seek{i}", RaiseInterrupt);
        }

        Ports = new BytePorts(6, Read, Write);
        InputPort = new BytePorts(1, _ => ReadDigitalInput(), (_, value) => _rate = (byte)(value & 3));
    }

    /// <inheritdoc/>
    public string SnapshotName => "floppy";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>Ports 0x3F0 to 0x3F5.</summary>
    public IPortDevice Ports { get; }

    /// <summary>Port 0x3F7; the one between belongs to the IDE channel.</summary>
    public IPortDevice InputPort { get; }

    /// <summary>Claims the ports of a PC.</summary>
    public void Map(PortBus ports)
    {
        ports.Map(BasePort, 6, Ports, "floppy");
        ports.Map(BasePort + 7, 1, InputPort, "floppy");
    }

    /// <summary>Connects a drive, whose type follows from what is in it now.</summary>
    /// <param name="unit">0 or 1.</param>
    /// <param name="drive">The drive.</param>
    /// <exception cref="SosiaException">The image is larger than any floppy disk.</exception>
    public void Attach(int unit, RemovableDrive drive)
    {
        if (drive.ByteCount > FloppyGeometry.MaxByteCount)
        {
            throw new SosiaException($"The image in floppy drive '{drive.Name}' has {drive.ByteCount} bytes, but the largest floppy disk has {FloppyGeometry.MaxByteCount}; give a smaller one.");
        }

        _units[unit] = new FloppyUnit(drive);
    }

    /// <summary>The type of a drive, for the CMOS memory.</summary>
    /// <param name="unit">0 or 1.</param>
    public FloppyDriveType TypeOf(int unit) => _units[unit].Type;

    /// <summary>Puts controller and drives to their power-on state.</summary>
    public void Reset()
    {
        _output = 0;
        _tapeSelect = 0;

        // 500 kbit/s, as on the AT's adapter, whose register is cleared; 2 by the 82077AA's data sheet. Bochs's BIOS never selects a rate.
        _rate = 0;
        _isLocked = false;
        foreach (FloppyUnit unit in _units)
        {
            unit.PowerOn();
        }

        BeginReset();
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("output", _output);
        writer.Write("tapeSelect", _tapeSelect);
        writer.Write("rate", _rate);
        writer.Write("interrupt", _interrupt);
        writer.Write("irq", _irq.IsAsserted);
        writer.Write("isResetting", _isResetting);
        writer.Write("unitStatus", _unitStatus);
        SaveTimer(writer, "timer", _timer);
        for (int i = 0; i < UnitCount; i++)
        {
            SaveTimer(writer, $"seek{i}", _seekTimers[i]);
            _units[i].Save(writer, $"unit{i}.");
        }

        SaveCommand(writer);
        SaveTransfer(writer);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        reader.RequireVersion(SnapshotVersion);
        _output = reader.ReadByte("output");
        _tapeSelect = reader.ReadByte("tapeSelect");
        _rate = (byte)(reader.ReadByte("rate") & 3);
        _interrupt = reader.ReadBoolean("interrupt");
        _irq.RestoreLevel(reader.ReadBoolean("irq"));
        _isResetting = reader.ReadBoolean("isResetting");
        reader.ReadBytes("unitStatus", _unitStatus);
        RestoreTimer(reader, "timer", _timer);
        for (int i = 0; i < UnitCount; i++)
        {
            RestoreTimer(reader, $"seek{i}", _seekTimers[i]);
            _units[i].Restore(reader, $"unit{i}.");
        }

        RestoreCommand(reader);
        RestoreTransfer(reader);
    }

    private static void SaveTimer(SnapshotWriter writer, string name, ClockTimer timer)
    {
        writer.Write(name + "Armed", timer.IsArmed);
        writer.Write(name + "Deadline", timer.IsArmed ? timer.DeadlineNanoseconds : 0);
    }

    private static void RestoreTimer(SnapshotReader reader, string name, ClockTimer timer)
    {
        timer.Cancel();
        if (reader.ReadBoolean(name + "Armed"))
        {
            timer.Arm(reader.ReadInt64(name + "Deadline"));
        }
    }

    private byte Read(int offset) => offset switch
    {
        2 => _output,
        3 => (byte)(0xfc | _tapeSelect),
        4 => MainStatus(),
        5 => ReadFifo(),
        _ => 0xff,      // status registers A and B do not exist in PC/AT mode
    };

    private void Write(int offset, byte value)
    {
        switch (offset)
        {
            case 2:
                WriteOutput(value);
                break;
            case 3:
                _tapeSelect = (byte)(value & 3);
                break;
            case 4:
                _rate = (byte)(value & 3);
                if ((value & RateSoftwareReset) != 0 && (_output & OutputNotReset) != 0)
                {
                    BeginReset();
                    EndReset();
                }

                break;
            case 5:
                WriteFifo(value);
                break;
        }
    }

    private void WriteOutput(byte value)
    {
        byte before = _output;
        _output = value;
        if ((value & OutputNotReset) == 0)
        {
            if ((before & OutputNotReset) != 0)
            {
                BeginReset();
            }
        }
        else if ((before & OutputNotReset) == 0)
        {
            EndReset();
        }

        UpdateInterrupt();
    }

    private byte MainStatus()
    {
        if ((_output & OutputNotReset) == 0 || _isResetting)
        {
            return 0;
        }

        int status = 0;
        for (int i = 0; i < UnitCount; i++)
        {
            status |= _seekTimers[i].IsArmed ? 1 << i : 0;
        }

        status |= _phase switch
        {
            FloppyPhase.Command => FloppyStatus.RequestForMaster | (_commandPosition != 0 ? FloppyStatus.CommandBusy : 0),
            FloppyPhase.Execution => FloppyStatus.CommandBusy,
            FloppyPhase.DataToHost => FloppyStatus.RequestForMaster | FloppyStatus.DataToHost | FloppyStatus.NonDma | FloppyStatus.CommandBusy,
            FloppyPhase.DataFromHost => FloppyStatus.RequestForMaster | FloppyStatus.NonDma | FloppyStatus.CommandBusy,
            _ => FloppyStatus.RequestForMaster | FloppyStatus.DataToHost | FloppyStatus.CommandBusy,
        };
        return (byte)status;
    }

    // Bit 7 is the disk change line of the selected drive, which drives it while its motor is on.
    private byte ReadDigitalInput()
    {
        int unit = _output & 3;
        bool isMotorOn = (_output & (0x10 << unit)) != 0;
        return isMotorOn && _units[unit].IsChanged ? (byte)0x80 : (byte)0;
    }

    private void BeginReset()
    {
        _timer.Cancel();
        foreach (ClockTimer timer in _seekTimers)
        {
            timer.Cancel();
        }

        _isResetting = false;
        _phase = FloppyPhase.Command;
        _commandPosition = _commandEnd = 0;
        _resultPosition = _resultEnd = 0;
        Array.Clear(_unitStatus);
        ResetSettings();
        _interrupt = false;
        UpdateInterrupt();
    }

    private void EndReset()
    {
        _isResetting = true;
        _timer.Arm(_clock.NowNanoseconds + ResetNanoseconds);
    }

    // After a reset the drives are polled, and all have become ready.
    private void AfterReset()
    {
        _isResetting = false;
        if ((_configuration & ConfigurePollDisable) != 0)
        {
            return;
        }

        for (int i = 0; i < UnitCount; i++)
        {
            _unitStatus[i] = (byte)(FloppyStatus.Polled | i);
        }

        RaiseInterrupt();
    }

    private void GoOn()
    {
        if (_isResetting)
        {
            AfterReset();
        }
        else
        {
            ContinueTransfer();
        }
    }

    private void RaiseInterrupt()
    {
        _interrupt = true;
        UpdateInterrupt();
    }

    private void DropInterrupt()
    {
        _interrupt = false;
        UpdateInterrupt();
    }

    private void UpdateInterrupt() => _irq.Set(_interrupt && (_output & OutputDmaGate) != 0);
}
