using System;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Pci;

namespace Sosia.Devices.Usb.Uhci;

/// <summary>
/// The USB function of the 82371SB PIIX3 (Intel data sheet 290550, chapter 2.4; Universal Host Controller Interface 1.1): two ports of full speed. Here:
/// registers, frames and the interrupt.
/// </summary>
public sealed class UhciController : PciFunction
{
    /// <summary>How many ports there are.</summary>
    public const int PortCount = 2;

    private const int RegisterBar = 4;
    private const int RegisterPortCount = 32;

    private const int CommandRegister = 0x00;
    private const int StatusRegister = 0x02;
    private const int InterruptRegister = 0x04;
    private const int FrameNumberRegister = 0x06;
    private const int FrameListRegister = 0x08;
    private const int StartOfFrameRegister = 0x0c;
    private const int FirstPortRegister = 0x10;

    private const ushort CommandRun = 1 << 0;
    private const ushort CommandReset = 1 << 1;
    private const ushort CommandGlobalReset = 1 << 2;
    private const ushort CommandGlobalSuspend = 1 << 3;
    private const ushort CommandDebug = 1 << 5;

    private const ushort StatusInterrupt = 1 << 0;
    private const ushort StatusError = 1 << 1;
    private const ushort StatusProcessError = 1 << 4;
    private const ushort StatusHalted = 1 << 5;
    private const ushort StatusClearable = 0x3f & ~StatusHalted;

    private const ushort EnableTimeout = 1 << 0;
    private const ushort EnableCompletion = 1 << 2;
    private const ushort EnableShortPacket = 1 << 3;

    private const long FrameNanoseconds = 1_000_000;
    private const int FrameMask = 0x7ff;
    private const int ListMask = 0x3ff;

    private readonly MachineClock _clock;
    private readonly DiagnosticLog _log;
    private readonly ClockTimer _timer;
    private readonly UhciSchedule _schedule;
    private readonly UhciPort[] _ports = [new(), new()];
    private ushort _command;
    private ushort _status = StatusHalted;
    private ushort _enables;
    private ushort _frame;
    private uint _list;
    private byte _startOfFrame = 0x40;

    // Why the interrupt bit of the status is set; each cause has an enable of its own.
    private bool _isCompletion;
    private bool _isShortPacket;

    /// <summary>Creates the controller without devices.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="memory">Where the schedule and data are.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public UhciController(string name, MachineClock clock, MemoryBus memory, DiagnosticLog log)
        : base(name, new PciIdentity(0x8086, 0x7020, 0x0c0300, Revision: 1), interruptPin: 4)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
        _log = log;
        _timer = clock.CreateTimer(name, RunFrame);
        _schedule = new UhciSchedule(memory, Find);
        DefineUInt16(CommandOffset, 0, CommandIo | CommandBusMaster);
        DefineByte(0x06, 0x80, 0);
        DefineByte(0x07, 0x02, 0);
        DefineByte(0x0c, 0, 0);
        DefineByte(0x60, 0x10, 0);          // the release of the bus: 1.0
        DefineUInt16(0xc0, 0x2000, 0x00bf); // legacy support: the interrupt is a PCI interrupt; there is no emulation of a keyboard
        AddIoBar(RegisterBar, RegisterPortCount, new Registers(this));
    }

    /// <summary>Plugs a device in, before the machine is switched on.</summary>
    /// <param name="port">0 or 1.</param>
    /// <param name="device">The device.</param>
    public void Attach(int port, UsbDevice device) => _ports[port].Device = device;

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        ResetRegisters();
        ResetPorts();
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        base.Save(writer);
        writer.Write("command", _command);
        writer.Write("status", _status);
        writer.Write("enables", _enables);
        writer.Write("frame", _frame);
        writer.Write("list", _list);
        writer.Write("start-of-frame", _startOfFrame);
        writer.Write("completion", _isCompletion);
        writer.Write("short-packet", _isShortPacket);
        writer.Write("due", _timer.IsArmed ? _timer.DeadlineNanoseconds : MachineClock.Never);
        for (int i = 0; i < PortCount; i++)
        {
            _ports[i].Save(writer, $"port{i}.");
        }
    }

    /// <inheritdoc/>
    /// <exception cref="SosiaException">The snapshot is damaged, or has other devices.</exception>
    public override void Restore(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.RequireVersion(SnapshotVersion);
        base.Restore(reader);
        _command = reader.ReadUInt16("command");
        _status = reader.ReadUInt16("status");
        _enables = reader.ReadUInt16("enables");
        _frame = (ushort)(reader.ReadUInt16("frame") & FrameMask);
        _list = reader.ReadUInt32("list") & 0xffff_f000;
        _startOfFrame = reader.ReadByte("start-of-frame");
        _isCompletion = reader.ReadBoolean("completion");
        _isShortPacket = reader.ReadBoolean("short-packet");
        long due = reader.ReadInt64("due");
        _timer.Cancel();
        if (due != MachineClock.Never)
        {
            _timer.Arm(due);
        }

        for (int i = 0; i < PortCount; i++)
        {
            _ports[i].Restore(reader, $"port{i}.");
        }
    }

    private void ResetRegisters()
    {
        _command = _enables = _frame = 0;
        _status = StatusHalted;
        _list = 0;
        _startOfFrame = 0x40;
        _isCompletion = _isShortPacket = false;
        _timer.Cancel();
        UpdateInterrupt();
    }

    private void ResetPorts()
    {
        foreach (UhciPort port in _ports)
        {
            port.Reset();
        }
    }

    private UsbDevice? Find(byte address)
    {
        foreach (UhciPort port in _ports)
        {
            if (port.Reachable is { } device && device.Address == address)
            {
                return device;
            }
        }

        return null;
    }

    // The end of a frame, a millisecond after its beginning.
    private void RunFrame()
    {
        if ((_command & CommandRun) == 0)
        {
            return;
        }

        if (IsBusMaster && (_command & CommandGlobalSuspend) == 0)
        {
            _schedule.Run(_list + (4u * (uint)(_frame & ListMask)));
            if (_schedule.IsBroken)
            {
                _log.GuestMisuse(Name, "the schedule is inconsistent or not in memory; the controller halts", _list);
                _status |= StatusProcessError;
                Stop();
            }

            if (_schedule.HasFailed)
            {
                _status |= StatusError;
            }

            if (_schedule.WantsInterrupt)
            {
                _status |= StatusInterrupt;
                _isCompletion = true;
            }

            if (_schedule.WasShort)
            {
                _status |= StatusInterrupt;
                _isShortPacket = true;
            }
        }

        _frame = (ushort)((_frame + 1) & FrameMask);
        if ((_command & CommandRun) != 0)
        {
            if ((_command & CommandDebug) != 0)
            {
                Stop();
            }
            else
            {
                _timer.Arm(_clock.NowNanoseconds + FrameNanoseconds);
            }
        }

        UpdateInterrupt();
    }

    private void Stop()
    {
        _command &= unchecked((ushort)~CommandRun);
        _status |= StatusHalted;
        _timer.Cancel();
    }

    private void UpdateInterrupt()
        => SetInterrupt(((_status & StatusInterrupt) != 0 && ((_isCompletion && (_enables & EnableCompletion) != 0) || (_isShortPacket && (_enables & EnableShortPacket) != 0)))
            || ((_status & StatusError) != 0 && (_enables & EnableTimeout) != 0)
            || (_status & StatusProcessError) != 0);

    private ushort ReadRegister(int register) => register switch
    {
        CommandRegister => _command,
        StatusRegister => _status,
        InterruptRegister => _enables,
        FrameNumberRegister => _frame,
        FrameListRegister => (ushort)_list,
        FrameListRegister + 2 => (ushort)(_list >> 16),
        StartOfFrameRegister => _startOfFrame,
        FirstPortRegister => _ports[0].Read(),
        FirstPortRegister + 2 => _ports[1].Read(),
        // That there are no more ports is told by the bit that is always one in those that are.
        _ => 0,
    };

    // What an access of a byte does not reach stays as it is.
    private void WriteRegister(int register, ushort value, ushort mask)
    {
        switch (register)
        {
            case CommandRegister when (byte)mask != 0:
                WriteCommand((byte)value);
                break;
            case StatusRegister:
                _status &= (ushort)~(value & mask & StatusClearable);
                if ((_status & StatusInterrupt) == 0)
                {
                    _isCompletion = _isShortPacket = false;
                }

                UpdateInterrupt();
                break;
            case InterruptRegister when (byte)mask != 0:
                _enables = (ushort)(value & 0x0f);
                UpdateInterrupt();
                break;
            case FrameNumberRegister when (_status & StatusHalted) != 0:
                _frame = (ushort)(((_frame & ~mask) | (value & mask)) & FrameMask);
                break;
            case FrameListRegister:
                _list = ((_list & ~(uint)mask) | (uint)(value & mask)) & 0xffff_f000;
                break;
            case FrameListRegister + 2:
                _list = (_list & ~((uint)mask << 16)) | ((uint)(value & mask) << 16);
                break;
            case StartOfFrameRegister when (byte)mask != 0:
                _startOfFrame = (byte)(value & 0x7f);
                break;
            case FirstPortRegister or FirstPortRegister + 2:
                UhciPort port = _ports[(register - FirstPortRegister) / 2];
                port.Write((ushort)((port.Read() & ~UhciPort.Changes & ~mask) | (value & mask)));
                break;
        }
    }

    private void WriteCommand(byte value)
    {
        if ((value & CommandReset) != 0)
        {
            ResetRegisters();
            ResetPorts();
            return;
        }

        if ((value & ~_command & CommandGlobalReset) != 0)
        {
            ResetPorts();
        }

        bool wasRunning = (_command & CommandRun) != 0;
        _command = (ushort)(value & ~CommandReset);
        if ((_command & CommandRun) == 0)
        {
            _status |= StatusHalted;
            _timer.Cancel();
        }
        else if (!wasRunning)
        {
            _status &= unchecked((ushort)~StatusHalted);
            _timer.Arm(_clock.NowNanoseconds + FrameNanoseconds);
        }
    }

    // Registers are words; wider accesses are two of them.
    private sealed class Registers(UhciController owner) : IPortDevice
    {
        public uint ReadPort(ushort offset, int byteCount)
        {
            uint value = 0;
            for (int i = 0; i < byteCount; i++)
            {
                uint one = offset + i < RegisterPortCount ? (byte)(owner.ReadRegister((offset + i) & ~1) >> (8 * ((offset + i) & 1))) : 0xffu;
                value |= one << (8 * i);
            }

            return value;
        }

        public void WritePort(ushort offset, int byteCount, uint value)
        {
            for (int i = 0; i < byteCount && offset + i < RegisterPortCount;)
            {
                bool isHigh = ((offset + i) & 1) != 0;
                bool isWord = !isHigh && i + 1 < byteCount;
                uint part = value >> (8 * i);
                owner.WriteRegister((offset + i) & ~1, (ushort)(isHigh ? part << 8 : part), isWord ? (ushort)0xffff : isHigh ? (ushort)0xff00 : (ushort)0x00ff);
                i += isWord ? 2 : 1;
            }
        }
    }
}
