using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.I8042;

/// <summary>
/// The 8042 keyboard and auxiliary device controller of a PC (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and auxiliary
/// device controller") with its keyboard and mouse. Bytes from the devices take a millisecond each on their serial cables; the
/// controller's own answers are there at once.
/// </summary>
/// <remarks>Runs on the machine's thread. With a thread per vCPU, one lock around the ports, the timer and the input methods suffices.</remarks>
public sealed class KeyboardController : ISnapshotable
{
    private const byte StatusOutputFull = 0x01;
    private const byte StatusSystem = 0x04;
    private const byte StatusCommand = 0x08;
    private const byte StatusUnlocked = 0x10;
    private const byte StatusAuxiliary = 0x20;

    private const byte ModeKeyboardInterrupt = 0x01;
    private const byte ModeAuxiliaryInterrupt = 0x02;
    private const byte ModeSystem = 0x04;
    private const byte ModeKeyboardDisabled = 0x10;
    private const byte ModeAuxiliaryDisabled = 0x20;
    private const byte ModeTranslate = 0x40;

    private const byte OutputNotReset = 0x01;
    private const byte OutputA20 = 0x02;

    // Eleven bits at 10 to 16.7 kHz.
    private const long TransferNanoseconds = 1_000_000;

    private readonly MachineClock _clock;
    private readonly IrqLine _irq1;
    private readonly IrqLine _irq12;
    private readonly A20Gate _gate;
    private readonly IMachineControl _machine;
    private readonly DiagnosticLog _log;
    private readonly ClockTimer _transferTimer;
    private readonly byte[] _memory = new byte[32];     // byte 0 is the mode ("command byte")
    private readonly ByteQueue _answers = new(4);
    private byte _outputBuffer;
    private byte _status;
    private byte _command;          // the controller command that waits for its argument, 0 for none
    private byte _outputPort;
    private bool _breakPending;     // translation saw the prefix F0

    /// <summary>Creates the controller and its devices in their power-on state.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="irq1">The keyboard's interrupt wire.</param>
    /// <param name="irq12">The mouse's interrupt wire.</param>
    /// <param name="gate">The A20 gate that the output port drives.</param>
    /// <param name="machine">Who resets the processors.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public KeyboardController(MachineClock clock, IrqLine irq1, IrqLine irq12, A20Gate gate, IMachineControl machine, DiagnosticLog log)
    {
        _clock = clock;
        _irq1 = irq1;
        _irq12 = irq12;
        _gate = gate;
        _machine = machine;
        _log = log;
        _transferTimer = clock.CreateTimer("i8042", Transfer);
        Keyboard = new Ps2Keyboard(clock);
        Mouse = new Ps2Mouse();
        ((IPs2Device)Keyboard).OutputReady = Schedule;
        ((IPs2Device)Mouse).OutputReady = Schedule;
        DataPorts = new BytePorts(1, _ => ReadData(), (_, value) => WriteData(value));
        CommandPorts = new BytePorts(1, _ => _status, (_, value) => WriteCommand(value));
        PutToPowerOn();
    }

    /// <inheritdoc/>
    public string SnapshotName => "i8042";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The keyboard, for whoever presses its keys.</summary>
    public Ps2Keyboard Keyboard { get; }

    /// <summary>The mouse, for whoever moves it.</summary>
    public Ps2Mouse Mouse { get; }

    /// <summary>The data port, 0x60.</summary>
    public IPortDevice DataPorts { get; }

    /// <summary>The status and command port, 0x64.</summary>
    public IPortDevice CommandPorts { get; }

    /// <summary>Claims ports 0x60 and 0x64.</summary>
    public void Map(PortBus ports)
    {
        ports.Map(0x60, 1, DataPorts, "i8042");
        ports.Map(0x64, 1, CommandPorts, "i8042");
    }

    /// <summary>Puts the controller, the keyboard and the mouse to their power-on state.</summary>
    public void Reset()
    {
        PutToPowerOn();
        Keyboard.Reset();
        Mouse.Reset();
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("memory", _memory);
        _answers.Save(writer, "answers");
        writer.Write("output", _outputBuffer);
        writer.Write("status", _status);
        writer.Write("command", _command);
        writer.Write("port", _outputPort);
        writer.Write("break", _breakPending);
        writer.Write("due", _transferTimer.IsArmed ? _transferTimer.DeadlineNanoseconds : MachineClock.Never);
        writer.Write("irq1", _irq1.IsAsserted);
        writer.Write("irq12", _irq12.IsAsserted);
        Keyboard.Save(writer);
        Mouse.Save(writer);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("memory", _memory);
        _answers.Restore(reader, "answers");
        _outputBuffer = reader.ReadByte("output");
        _status = reader.ReadByte("status");
        _command = reader.ReadByte("command");
        _outputPort = reader.ReadByte("port");
        _breakPending = reader.ReadBoolean("break");
        long due = reader.ReadInt64("due");
        if (due == MachineClock.Never)
        {
            _transferTimer.Cancel();
        }
        else
        {
            _transferTimer.Arm(due);
        }

        _irq1.RestoreLevel(reader.ReadBoolean("irq1"));
        _irq12.RestoreLevel(reader.ReadBoolean("irq12"));
        _gate.RestoreKeyboardController((_outputPort & OutputA20) != 0);
        Keyboard.Restore(reader);
        Mouse.Restore(reader);
    }

    private byte Mode => _memory[0];

    private void PutToPowerOn()
    {
        Array.Clear(_memory);
        _memory[0] = ModeKeyboardInterrupt | ModeSystem | ModeTranslate;
        _answers.Clear();
        _outputBuffer = 0;
        _status = StatusUnlocked | StatusSystem;
        _command = 0;
        _breakPending = false;
        _transferTimer.Cancel();
        _outputPort = OutputNotReset | OutputA20;
        _gate.KeyboardController = true;
        UpdateInterrupts();
    }

    private byte ReadData()
    {
        byte value = _outputBuffer;
        if ((_status & StatusOutputFull) != 0)
        {
            _status &= unchecked((byte)~(StatusOutputFull | StatusAuxiliary));
            UpdateInterrupts();
            if (_answers.Count > 0)
            {
                Fill(_answers.Take(), isAuxiliary: false);
            }
            else
            {
                Schedule();
            }
        }

        return value;
    }

    private void WriteData(byte value)
    {
        _status &= unchecked((byte)~StatusCommand);
        byte command = _command;
        _command = 0;
        switch (command)
        {
            case 0:
                // Writing to the keyboard enables its interface.
                _memory[0] &= unchecked((byte)~ModeKeyboardDisabled);
                ((IPs2Device)Keyboard).Receive(value);
                break;
            case >= 0x60 and <= 0x7f:
                WriteMemory(command & 0x1f, value);
                break;
            case 0xd1:
                WriteOutputPort(value);
                break;
            case 0xd2:
                Answer(value, isAuxiliary: false);
                break;
            case 0xd3:
                Answer(value, isAuxiliary: true);
                break;
            case 0xd4:
                _memory[0] &= unchecked((byte)~ModeAuxiliaryDisabled);
                ((IPs2Device)Mouse).Receive(value);
                break;
        }
    }

    private void WriteCommand(byte command)
    {
        _status |= StatusCommand;
        _command = 0;
        switch (command)
        {
            case >= 0x20 and <= 0x3f:
                Answer(_memory[command & 0x1f]);
                break;
            case >= 0x60 and <= 0x7f:
            case 0xd1:
            case 0xd2:
            case 0xd3:
            case 0xd4:
                _command = command;
                break;
            case 0xa4:
                Answer(0xf1);       // no password is installed
                break;
            case 0xa7:
                WriteMemory(0, (byte)(Mode | ModeAuxiliaryDisabled));
                break;
            case 0xa8:
                WriteMemory(0, (byte)(Mode & ~ModeAuxiliaryDisabled));
                break;
            case 0xa9:
            case 0xab:
                Answer(0x00);       // clock and data lines work
                break;
            case 0xaa:
                _status |= StatusSystem;
                Answer(0x55);
                break;
            case 0xad:
                WriteMemory(0, (byte)(Mode | ModeKeyboardDisabled));
                break;
            case 0xae:
                WriteMemory(0, (byte)(Mode & ~ModeKeyboardDisabled));
                break;
            case 0xc0:
                Answer(0x80);       // the keyboard is not locked
                break;
            case 0xd0:
                Answer(ReadOutputPort());
                break;
            case 0xdd:
                WriteOutputPort((byte)(_outputPort & ~OutputA20));
                break;
            case 0xdf:
                WriteOutputPort((byte)(_outputPort | OutputA20));
                break;
            case 0xe0:
                Answer(0x00);       // test inputs: both clocks low (interfaces idle)
                break;
            case >= 0xf0:
                // Pulses the output port's lower bits low where the command's are 0; bit 0 is the processor's reset.
                if ((command & OutputNotReset) == 0)
                {
                    _machine.RequestProcessorReset();
                }

                break;
            default:
                _log.GuestMisuse(SnapshotName, "unknown controller command", command);
                break;
        }
    }

    private void WriteMemory(int address, byte value)
    {
        _memory[address] = value;
        if (address == 0)
        {
            _status = (byte)((_status & ~StatusSystem) | (value & ModeSystem));
            UpdateInterrupts();
            Schedule();
        }
    }

    private byte ReadOutputPort()
        => (byte)(_outputPort | (_irq1.IsAsserted ? 0x10 : 0) | (_irq12.IsAsserted ? 0x20 : 0));

    private void WriteOutputPort(byte value)
    {
        _outputPort = (byte)(value & 0xcf);
        _gate.KeyboardController = (value & OutputA20) != 0;
        if ((value & OutputNotReset) == 0)
        {
            _machine.RequestProcessorReset();
        }
    }

    // The controller itself has something to say.
    private void Answer(byte value, bool isAuxiliary = false)
    {
        if ((_status & StatusOutputFull) == 0)
        {
            Fill(value, isAuxiliary);
        }
        else if (isAuxiliary)
        {
            // Only one such byte can be on its way; the one before is overwritten, as in the hardware.
            Fill(value, isAuxiliary: true);
        }
        else
        {
            _answers.Add(value);
        }
    }

    private void Fill(byte value, bool isAuxiliary)
    {
        _outputBuffer = value;
        _status = (byte)((_status & ~StatusAuxiliary) | StatusOutputFull | (isAuxiliary ? StatusAuxiliary : 0));
        UpdateInterrupts();
    }

    // A device has a byte and the output buffer is free: it arrives one transfer later.
    private void Schedule()
    {
        if ((_status & StatusOutputFull) == 0 && !_transferTimer.IsArmed && (KeyboardReady || MouseReady))
        {
            _transferTimer.Arm(_clock.NowNanoseconds + TransferNanoseconds);
        }
    }

    private bool KeyboardReady => (Mode & ModeKeyboardDisabled) == 0 && ((IPs2Device)Keyboard).HasOutput;

    private bool MouseReady => (Mode & ModeAuxiliaryDisabled) == 0 && ((IPs2Device)Mouse).HasOutput;

    private void Transfer()
    {
        if ((_status & StatusOutputFull) != 0)
        {
            return;
        }

        if (KeyboardReady)
        {
            byte value = ((IPs2Device)Keyboard).TakeOutput();
            if ((Mode & ModeTranslate) == 0)
            {
                Fill(value, isAuxiliary: false);
            }
            else if (value == 0xf0)
            {
                _breakPending = true;
                Schedule();
            }
            else
            {
                byte translated = ScanCodes.Translate(value);
                if (_breakPending)
                {
                    _breakPending = false;
                    translated |= 0x80;
                }

                Fill(translated, isAuxiliary: false);
            }
        }
        else if (MouseReady)
        {
            Fill(((IPs2Device)Mouse).TakeOutput(), isAuxiliary: true);
        }
    }

    private void UpdateInterrupts()
    {
        bool full = (_status & StatusOutputFull) != 0;
        bool auxiliary = (_status & StatusAuxiliary) != 0;
        _irq1.Set(full && !auxiliary && (Mode & ModeKeyboardInterrupt) != 0);
        _irq12.Set(full && auxiliary && (Mode & ModeAuxiliaryInterrupt) != 0);
    }
}
