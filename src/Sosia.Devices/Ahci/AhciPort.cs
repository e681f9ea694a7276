using System;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Ata;
using Sosia.Devices.Block;

namespace Sosia.Devices.Ahci;

/// <summary>One port of the controller (AHCI 1.3.1, 3.3): its registers, its link, and the frames that it receives.</summary>
internal sealed partial class AhciPort
{
    private const int CommandListBase = 0x00;
    private const int CommandListBaseUpper = 0x04;
    private const int FrameBase = 0x08;
    private const int FrameBaseUpper = 0x0c;
    private const int InterruptStatus = 0x10;
    private const int InterruptEnable = 0x14;
    private const int CommandAndStatus = 0x18;
    private const int TaskFileData = 0x20;
    private const int Signature = 0x24;
    private const int SataStatus = 0x28;
    private const int SataControl = 0x2c;
    private const int SataError = 0x30;
    private const int SataActive = 0x34;
    private const int CommandIssue = 0x38;

    private const uint CommandStart = 1 << 0;
    private const uint CommandSpinUp = 1 << 1;
    private const uint CommandPowerOn = 1 << 2;
    private const uint CommandListOverride = 1 << 3;
    private const uint CommandFrameReceive = 1 << 4;
    private const uint CommandFrameRunning = 1 << 14;
    private const uint CommandRunning = 1 << 15;
    private const uint CommandIsAtapi = 1 << 24;
    private const uint CommandWritable = CommandStart | CommandSpinUp | CommandFrameReceive | CommandIsAtapi | (7u << 25) | (15u << 28);

    private const uint InterruptDeviceToHost = 1 << 0;
    private const uint InterruptPioSetup = 1 << 1;
    private const uint InterruptSetDeviceBits = 1 << 3;
    private const uint InterruptDescriptor = 1 << 5;
    private const uint InterruptPortChange = 1 << 6;
    private const uint InterruptOverflow = 1 << 24;
    private const uint InterruptHostBusFatal = 1 << 29;
    private const uint InterruptTaskFileError = 1 << 30;
    private const uint InterruptWritable = 0xfdc0_00af;

    // Diagnostics in SERR: exchanged.
    private const uint ErrorExchanged = 1 << 26;

    // Device present and communicating at 3 Gbit/s, interface active.
    private const uint StatusLinkUp = 0x123;
    private const uint NoSignature = 0xffff_ffff;
    private const uint NoTaskFile = 0x7f;

    private readonly string _name;
    private readonly MachineClock _clock;
    private readonly MemoryBus _memory;
    private readonly DiagnosticLog _log;
    private readonly Action _interrupted;
    private readonly Func<bool> _isBusMaster;
    private readonly ClockTimer _timer;
    private AtaDevice? _device;
    private ulong _commandList;
    private ulong _frames;
    private uint _interruptStatus;
    private uint _interruptEnable;
    private uint _command;
    private uint _taskFile;
    private uint _signature;
    private uint _sataControl;
    private uint _sataError;
    private uint _sataActive;
    private uint _commandIssue;
    private bool _isLinkUp;

    // The device's first frame has come before there was a place for it.
    private bool _isSignatureWaiting;

    // An error has stopped the fetching of commands, until ST is cleared.
    private bool _isHalted;

    public AhciPort(string name, MachineClock clock, MemoryBus memory, DiagnosticLog log, Action interrupted, Func<bool> isBusMaster)
    {
        _name = name;
        _clock = clock;
        _memory = memory;
        _log = log;
        _interrupted = interrupted;
        _isBusMaster = isBusMaster;
        _list = new ScatterList(memory);
        _timer = clock.CreateTimer(name, GoOn);
        Reset();
    }

    /// <summary>True while a status bit is set that is enabled.</summary>
    public bool IsInterrupting => (_interruptStatus & _interruptEnable) != 0;

    public void Attach(AtaDevice device)
    {
        _device = device;
        PowerOn();
    }

    public void PowerOn()
    {
        _device?.PowerOn();
        Reset();
    }

    /// <summary>The reset of the whole controller: the link goes down and comes up again by a spin-up.</summary>
    public void Reset()
    {
        _timer.Cancel();
        _commandList = _frames = 0;
        _interruptStatus = _interruptEnable = 0;
        _command = CommandPowerOn;
        _sataControl = _sataError = 0;
        _sataActive = _commandIssue = 0;
        _isHalted = false;
        _slot = -1;
        _isLinkUp = _isSignatureWaiting = false;
        _taskFile = NoTaskFile;
        _signature = NoSignature;
    }

    public uint Read(int offset) => offset switch
    {
        CommandListBase => (uint)_commandList,
        CommandListBaseUpper => (uint)(_commandList >> 32),
        FrameBase => (uint)_frames,
        FrameBaseUpper => (uint)(_frames >> 32),
        InterruptStatus => _interruptStatus,
        InterruptEnable => _interruptEnable,
        CommandAndStatus => _command | ((uint)Math.Max(_slot, 0) << 8),
        TaskFileData => _taskFile,
        Signature => _signature,
        SataStatus => _isLinkUp ? StatusLinkUp : 0,
        SataControl => _sataControl,
        SataError => _sataError,
        SataActive => _sataActive,
        CommandIssue => _commandIssue,
        _ => 0,
    };

    /// <summary>Writes a register.</summary>
    /// <param name="offset">Its offset in the port.</param>
    /// <param name="value">The written bytes in their places; all others are 0.</param>
    /// <param name="mask">Ones where bytes are written.</param>
    public void Write(int offset, uint value, uint mask)
    {
        switch (offset)
        {
            case CommandListBase:
                _commandList = (_commandList & ~(ulong)mask) | (value & ~0x3ffu);
                break;
            case CommandListBaseUpper:
                _commandList = (_commandList & ~((ulong)mask << 32)) | ((ulong)value << 32);
                break;
            case FrameBase:
                _frames = (_frames & ~(ulong)mask) | (value & ~0xffu);
                break;
            case FrameBaseUpper:
                _frames = (_frames & ~((ulong)mask << 32)) | ((ulong)value << 32);
                break;
            case InterruptStatus:
                _interruptStatus &= ~value;
                break;
            case InterruptEnable:
                _interruptEnable = ((_interruptEnable & ~mask) | value) & InterruptWritable;
                if (IsInterrupting)
                {
                    _interrupted();
                }

                break;
            case CommandAndStatus:
                WriteCommand((_command & ~mask) | value);
                break;
            case SataControl:
                WriteSataControl((_sataControl & ~mask) | value);
                break;
            case SataError:
                _sataError &= ~value;
                if ((_sataError & ErrorExchanged) == 0)
                {
                    _interruptStatus &= ~InterruptPortChange;
                }

                break;
            case SataActive:
                _sataActive |= IsRunning ? value : 0;
                break;
            case CommandIssue:
                if (IsRunning)
                {
                    _commandIssue |= value;
                    GoOnLater();
                }

                break;
        }
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "commandList", _commandList);
        writer.Write(prefix + "frames", _frames);
        writer.Write(prefix + "interruptStatus", _interruptStatus);
        writer.Write(prefix + "interruptEnable", _interruptEnable);
        writer.Write(prefix + "command", _command);
        writer.Write(prefix + "taskFile", _taskFile);
        writer.Write(prefix + "signature", _signature);
        writer.Write(prefix + "sataControl", _sataControl);
        writer.Write(prefix + "sataError", _sataError);
        writer.Write(prefix + "sataActive", _sataActive);
        writer.Write(prefix + "commandIssue", _commandIssue);
        writer.Write(prefix + "isLinkUp", _isLinkUp);
        writer.Write(prefix + "isSignatureWaiting", _isSignatureWaiting);
        writer.Write(prefix + "isHalted", _isHalted);
        writer.Write(prefix + "slot", _slot);
        writer.Write(prefix + "step", (long)_step);
        writer.Write(prefix + "isQueued", _isQueued);
        writer.Write(prefix + "timerArmed", _timer.IsArmed);
        writer.Write(prefix + "timerDeadline", _timer.IsArmed ? _timer.DeadlineNanoseconds : 0);
        _device?.Save(writer, prefix + "device.");
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        _commandList = reader.ReadUInt64(prefix + "commandList");
        _frames = reader.ReadUInt64(prefix + "frames");
        _interruptStatus = reader.ReadUInt32(prefix + "interruptStatus");
        _interruptEnable = reader.ReadUInt32(prefix + "interruptEnable");
        _command = reader.ReadUInt32(prefix + "command");
        _taskFile = reader.ReadUInt32(prefix + "taskFile");
        _signature = reader.ReadUInt32(prefix + "signature");
        _sataControl = reader.ReadUInt32(prefix + "sataControl");
        _sataError = reader.ReadUInt32(prefix + "sataError");
        _sataActive = reader.ReadUInt32(prefix + "sataActive");
        _commandIssue = reader.ReadUInt32(prefix + "commandIssue");
        _isLinkUp = reader.ReadBoolean(prefix + "isLinkUp");
        _isSignatureWaiting = reader.ReadBoolean(prefix + "isSignatureWaiting");
        _isHalted = reader.ReadBoolean(prefix + "isHalted");
        _slot = reader.ReadInt32(prefix + "slot");
        _step = (Step)reader.ReadByte(prefix + "step");
        _isQueued = reader.ReadBoolean(prefix + "isQueued");
        _timer.Cancel();
        if (reader.ReadBoolean(prefix + "timerArmed"))
        {
            _timer.Arm(reader.ReadInt64(prefix + "timerDeadline"));
        }

        if (reader.Has(prefix + "device.status") != (_device is not null))
        {
            throw new SosiaException($"The snapshot has other drives at {_name}; give the drives that it was taken with.");
        }

        _device?.Restore(reader, prefix + "device.");
        if (_slot is < -1 or >= SlotCount || _step > Step.End || (_isLinkUp && _device is null))
        {
            throw new SosiaException($"The snapshot is damaged: the state of {_name} makes no sense.");
        }
    }

    private bool IsRunning => (_command & CommandRunning) != 0;

    private void WriteCommand(uint value)
    {
        uint before = _command;
        _command = (before & ~CommandWritable) | (value & CommandWritable);
        if ((value & CommandListOverride) != 0)
        {
            _taskFile &= ~(uint)(AtaStatus.Busy | AtaStatus.DataRequest);
        }

        _command = (_command & CommandFrameReceive) != 0 ? _command | CommandFrameRunning : _command & ~CommandFrameRunning;
        if ((_command & CommandStart) != 0 && (before & CommandStart) == 0)
        {
            _command |= CommandRunning;
            _isHalted = false;
        }
        else if ((_command & CommandStart) == 0)
        {
            StopCommands();
        }

        if ((_command & ~before & CommandSpinUp) != 0)
        {
            BringLinkUp();
        }

        if (_isSignatureWaiting && (_command & CommandFrameRunning) != 0)
        {
            ReceiveSignature();
        }
    }

    private void StopCommands()
    {
        _command &= ~CommandRunning;
        _commandIssue = _sataActive = 0;
        _slot = -1;
        _step = Step.Fetch;
        _isHalted = false;
        _timer.Cancel();
    }

    // DET 1 holds the link in COMRESET, 4 switches it off; from either the link comes up again at 0.
    private void WriteSataControl(uint value)
    {
        uint before = _sataControl & 15;
        _sataControl = value & 0xfff;
        uint after = _sataControl & 15;
        if (after is 1 or 4)
        {
            _isLinkUp = _isSignatureWaiting = false;
            _taskFile = NoTaskFile;
            _signature = NoSignature;
            _slot = -1;
            _step = Step.Fetch;
        }
        else if (after == 0 && before is 1 or 4)
        {
            BringLinkUp();
        }
    }

    private void BringLinkUp()
    {
        if (_device is null || _isLinkUp || (_command & CommandSpinUp) == 0 || (_sataControl & 15) != 0)
        {
            return;
        }

        _isLinkUp = true;
        _device.Reset(isHardware: true);
        _sataError |= ErrorExchanged;
        Raise(InterruptPortChange);
        _isSignatureWaiting = true;
        ReceiveSignature();
    }

    // The device's registers after a reset come with a frame, which waits until there is a place for it.
    private void ReceiveSignature()
    {
        AtaRegisters registers = _device!.Registers;
        _taskFile = registers.Status | ((uint)registers.Error << 8);
        _signature = (uint)((registers.Count & 0xff) | ((registers.LbaLow & 0xff) << 8) | ((registers.LbaMid & 0xff) << 16) | ((registers.LbaHigh & 0xff) << 24));
        if ((_command & CommandFrameRunning) != 0)
        {
            _isSignatureWaiting = false;
            SendRegisters(isInterrupting: false);
        }
    }

    private void Raise(uint bits)
    {
        _interruptStatus |= bits;
        if ((bits & _interruptEnable) != 0)
        {
            _interrupted();
        }
    }

    private void GoOnLater()
    {
        if (!_timer.IsArmed)
        {
            _timer.Arm(_clock.NowNanoseconds + 1);
        }
    }
}
