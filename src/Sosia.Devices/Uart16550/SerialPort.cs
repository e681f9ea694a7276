using System;
using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Uart16550;

/// <summary>
/// A PC16550D UART with FIFOs (National Semiconductor data sheet, June 1995) on a PC's serial adapter: the interrupt output passes
/// only while MCR OUT2 is set. Characters are transmitted as soon as they are written, whatever the baud rate; the receiver's
/// character timeout does follow the baud rate.
/// </summary>
/// <remarks>Runs on the machine's thread; input from other threads must be handed over by the machine.</remarks>
public sealed class SerialPort : ISnapshotable
{
    /// <summary>The first port of a PC's COM1.</summary>
    public const int Com1 = 0x3f8;

    /// <summary>The first port of a PC's COM2.</summary>
    public const int Com2 = 0x2f8;

    private const int FifoSize = 16;
    private const long ClockHertz = 1_843_200;

    private const byte IerReceived = 1;
    private const byte IerTransmitterEmpty = 2;
    private const byte IerLineStatus = 4;
    private const byte IerModemStatus = 8;

    private const byte LcrBreak = 0x40;
    private const byte LcrDivisorLatch = 0x80;

    private const byte McrDtr = 0x01;
    private const byte McrRts = 0x02;
    private const byte McrOut1 = 0x04;
    private const byte McrOut2 = 0x08;
    private const byte McrLoop = 0x10;

    private const byte LsrDataReady = 0x01;
    private const byte LsrOverrun = 0x02;
    private const byte LsrParity = 0x04;
    private const byte LsrFraming = 0x08;
    private const byte LsrBreak = 0x10;
    private const byte LsrTransmitterEmpty = 0x60;
    private const byte LsrFifoError = 0x80;
    private const byte LsrErrors = LsrOverrun | LsrParity | LsrFraming | LsrBreak;

    private readonly MachineClock _clock;
    private readonly IrqLine _irq;
    private readonly ISerialBackend _backend;
    private readonly ClockTimer _timeoutTimer;
    private readonly byte[] _fifo = new byte[FifoSize];
    private readonly byte[] _fifoErrors = new byte[FifoSize];
    private int _fifoStart;
    private int _fifoCount;
    private byte _lastReceived;
    private byte _interruptEnable;
    private byte _fifoControl;
    private byte _lineControl;
    private byte _modemControl;
    private byte _lineErrors;
    private byte _modemStatus;
    private byte _scratch;
    private ushort _divisor;
    private bool _transmitterEmptyPending;
    private bool _timeoutPending;
    private SerialModemInputs _inputs;

    /// <summary>Creates a port in its power-on state.</summary>
    /// <param name="name">Its name in snapshots and traces, unique in the machine ("uart0").</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="irq">Its interrupt wire (IRQ4 for COM1, IRQ3 for COM2).</param>
    /// <param name="backend">The other end of the cable.</param>
    /// <param name="inputs">The modem inputs that the cable asserts; by default those of a connected terminal.</param>
    public SerialPort(
        string name,
        MachineClock clock,
        IrqLine irq,
        ISerialBackend backend,
        SerialModemInputs inputs = SerialModemInputs.ClearToSend | SerialModemInputs.DataSetReady | SerialModemInputs.DataCarrierDetect)
    {
        SnapshotName = name;
        _clock = clock;
        _irq = irq;
        _backend = backend;
        _inputs = inputs;
        _divisor = 1;
        _timeoutTimer = clock.CreateTimer(name, OnTimeout);
        Ports = new BytePorts(8, Read, Write);
        Reset();
    }

    /// <inheritdoc/>
    public string SnapshotName { get; }

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>Its eight ports.</summary>
    public IPortDevice Ports { get; }

    /// <summary>Called when <see cref="Receive"/> may accept more characters than before.</summary>
    public Action? RoomAvailable { get; set; }

    /// <summary>How many characters <see cref="Receive"/> would accept now.</summary>
    public int ReceiveRoom => IsLooped ? 0 : Capacity - _fifoCount;

    /// <summary>The baud rate that the guest programmed.</summary>
    public long BaudRate => ClockHertz / (16 * (_divisor == 0 ? 65536 : _divisor));

    private bool FifoEnabled => (_fifoControl & 1) != 0;

    private int Capacity => FifoEnabled ? FifoSize : 1;

    private bool IsLooped => (_modemControl & McrLoop) != 0;

    private int TriggerLevel => !FifoEnabled ? 1 : (_fifoControl >> 6) switch
    {
        0 => 1,
        1 => 4,
        2 => 8,
        _ => 14,
    };

    /// <summary>Claims the eight ports.</summary>
    public void Map(PortBus ports, int firstPort) => ports.Map(firstPort, 8, Ports, SnapshotName);

    /// <summary>The master reset pin (data sheet table I). The divisor and scratch registers keep their contents.</summary>
    public void Reset()
    {
        _interruptEnable = _fifoControl = _lineControl = _modemControl = _lineErrors = 0;
        _modemStatus = (byte)_inputs;
        _transmitterEmptyPending = false;
        ClearReceiver();
        UpdateInterrupt();
    }

    /// <summary>Characters arrive.</summary>
    /// <returns>How many were accepted; the rest must be offered again after <see cref="RoomAvailable"/>.</returns>
    public int Receive(ReadOnlySpan<byte> characters)
    {
        int accepted = Math.Min(characters.Length, ReceiveRoom);
        for (int i = 0; i < accepted; i++)
        {
            Enqueue(characters[i], 0);
        }

        if (accepted > 0)
        {
            UpdateInterrupt();
        }

        return accepted;
    }

    /// <summary>The other end sends a break condition.</summary>
    /// <returns>False when there is no room for it.</returns>
    public bool ReceiveBreak()
    {
        if (ReceiveRoom == 0)
        {
            return false;
        }

        Enqueue(0, LsrBreak | LsrFraming);
        UpdateInterrupt();
        return true;
    }

    /// <summary>The other end changes the modem inputs.</summary>
    public void SetModemInputs(SerialModemInputs inputs)
    {
        _inputs = inputs;
        UpdateModemStatus();
        UpdateInterrupt();
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("fifo", _fifo);
        writer.Write("fifo-errors", _fifoErrors);
        writer.Write("fifo-start", _fifoStart);
        writer.Write("fifo-count", _fifoCount);
        writer.Write("rbr", _lastReceived);
        writer.Write("ier", _interruptEnable);
        writer.Write("fcr", _fifoControl);
        writer.Write("lcr", _lineControl);
        writer.Write("mcr", _modemControl);
        writer.Write("lsr-errors", _lineErrors);
        writer.Write("msr", _modemStatus);
        writer.Write("scr", _scratch);
        writer.Write("divisor", _divisor);
        writer.Write("thre", _transmitterEmptyPending);
        writer.Write("timeout", _timeoutPending);
        writer.Write("inputs", (long)_inputs);
        writer.Write("timeout-due", _timeoutTimer.IsArmed ? _timeoutTimer.DeadlineNanoseconds : MachineClock.Never);
        writer.Write("irq", _irq.IsAsserted);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("fifo", _fifo);
        reader.ReadBytes("fifo-errors", _fifoErrors);
        _fifoStart = reader.ReadInt32("fifo-start") & (FifoSize - 1);
        _fifoCount = Math.Clamp(reader.ReadInt32("fifo-count"), 0, FifoSize);
        _lastReceived = reader.ReadByte("rbr");
        _interruptEnable = reader.ReadByte("ier");
        _fifoControl = reader.ReadByte("fcr");
        _lineControl = reader.ReadByte("lcr");
        _modemControl = reader.ReadByte("mcr");
        _lineErrors = reader.ReadByte("lsr-errors");
        _modemStatus = reader.ReadByte("msr");
        _scratch = reader.ReadByte("scr");
        _divisor = reader.ReadUInt16("divisor");
        _transmitterEmptyPending = reader.ReadBoolean("thre");
        _timeoutPending = reader.ReadBoolean("timeout");
        _inputs = (SerialModemInputs)reader.ReadByte("inputs");
        long due = reader.ReadInt64("timeout-due");
        if (due == MachineClock.Never)
        {
            _timeoutTimer.Cancel();
        }
        else
        {
            _timeoutTimer.Arm(due);
        }

        _irq.RestoreLevel(reader.ReadBoolean("irq"));
    }

    private byte Read(int offset)
    {
        byte value;
        switch (offset)
        {
            case 0:
                return (_lineControl & LcrDivisorLatch) != 0 ? (byte)_divisor : ReadReceiver();
            case 1:
                return (_lineControl & LcrDivisorLatch) != 0 ? (byte)(_divisor >> 8) : _interruptEnable;
            case 2:
                value = InterruptIdentification();
                if ((value & 0x0f) == 0x02)
                {
                    _transmitterEmptyPending = false;
                    UpdateInterrupt();
                }

                return value;
            case 3:
                return _lineControl;
            case 4:
                return _modemControl;
            case 5:
                value = LineStatus();
                _lineErrors = 0;
                if (_fifoCount > 0)
                {
                    _fifoErrors[_fifoStart] = 0;
                }

                UpdateInterrupt();
                return value;
            case 6:
                value = _modemStatus;
                _modemStatus &= 0xf0;
                UpdateInterrupt();
                return value;
            default:
                return _scratch;
        }
    }

    private void Write(int offset, byte value)
    {
        switch (offset)
        {
            case 0 when (_lineControl & LcrDivisorLatch) != 0:
                _divisor = (ushort)((_divisor & 0xff00) | value);
                break;
            case 0:
                Transmit(value);
                break;
            case 1 when (_lineControl & LcrDivisorLatch) != 0:
                _divisor = (ushort)((_divisor & 0x00ff) | (value << 8));
                break;
            case 1:
                if ((value & ~_interruptEnable & IerTransmitterEmpty) != 0)
                {
                    // The transmitter is always empty here: enabling its interrupt raises it at once.
                    _transmitterEmptyPending = true;
                }

                _interruptEnable = (byte)(value & 0x0f);
                UpdateInterrupt();
                break;
            case 2:
                WriteFifoControl(value);
                break;
            case 3:
                bool breakChanged = ((value ^ _lineControl) & LcrBreak) != 0;
                _lineControl = value;
                if (breakChanged && !IsLooped)
                {
                    _backend.BreakChanged((value & LcrBreak) != 0);
                }

                break;
            case 4:
                WriteModemControl((byte)(value & 0x1f));
                break;
            case 7:
                _scratch = value;
                break;
            default:
                // The line status register is for the factory only, the modem status register read-only.
                break;
        }
    }

    private byte ReadReceiver()
    {
        if (_fifoCount > 0)
        {
            _lastReceived = _fifo[_fifoStart];
            _fifoErrors[_fifoStart] = 0;
            _fifoStart = (_fifoStart + 1) & (FifoSize - 1);
            _fifoCount--;
            RevealErrors();
            RestartTimeout();
            UpdateInterrupt();
            RoomAvailable?.Invoke();
        }

        return _lastReceived;
    }

    private void Transmit(byte value)
    {
        // The holding register fills and, since sending takes no time here, empties again: two events that the interrupt shows.
        _transmitterEmptyPending = false;
        UpdateInterrupt();
        if (IsLooped)
        {
            if (_fifoCount < Capacity)
            {
                Enqueue(value, 0);
            }
            else
            {
                // The FIFO keeps its contents, the single receive buffer is overwritten.
                _lineErrors |= LsrOverrun;
                if (!FifoEnabled)
                {
                    _fifo[_fifoStart] = value;
                }
            }
        }
        else
        {
            _backend.Transmit(value);
        }

        _transmitterEmptyPending = true;
        UpdateInterrupt();
    }

    private void WriteFifoControl(byte value)
    {
        bool toggled = ((value ^ _fifoControl) & 1) != 0;
        // The other bits count only when bit 0 is written as 1.
        _fifoControl = (value & 1) != 0 ? (byte)(value & 0xc9) : (byte)0;
        if (toggled || (value & 3) == 3)
        {
            ClearReceiver();
        }

        UpdateInterrupt();
        RoomAvailable?.Invoke();
    }

    private void WriteModemControl(byte value)
    {
        byte changed = (byte)(value ^ _modemControl);
        _modemControl = value;
        UpdateModemStatus();
        UpdateInterrupt();
        if ((changed & (McrDtr | McrRts | McrLoop)) != 0)
        {
            // In loop mode the outputs are forced inactive.
            _backend.ModemControlChanged(!IsLooped && (value & McrDtr) != 0, !IsLooped && (value & McrRts) != 0);
        }

        if ((changed & McrLoop) != 0 && !IsLooped)
        {
            RoomAvailable?.Invoke();
        }
    }

    private void UpdateModemStatus()
    {
        var inputs = (byte)_inputs;
        if (IsLooped)
        {
            inputs = (byte)(((_modemControl & McrRts) != 0 ? 0x10 : 0) | ((_modemControl & McrDtr) != 0 ? 0x20 : 0)
                | ((_modemControl & McrOut1) != 0 ? 0x40 : 0) | ((_modemControl & McrOut2) != 0 ? 0x80 : 0));
        }

        // Delta bits 0, 1 and 3 show any change, bit 2 only the trailing edge of RI.
        int changed = (_modemStatus ^ inputs) & 0xf0;
        if ((inputs & 0x40) != 0)
        {
            changed &= ~0x40;
        }

        _modemStatus = (byte)(inputs | (_modemStatus & 0x0f) | (changed >> 4));
    }

    private void ClearReceiver()
    {
        _fifoStart = _fifoCount = 0;
        Array.Clear(_fifoErrors);
        _timeoutPending = false;
        _timeoutTimer.Cancel();
    }

    private void Enqueue(byte value, byte errors)
    {
        int at = (_fifoStart + _fifoCount) & (FifoSize - 1);
        _fifo[at] = value;
        _fifoErrors[at] = errors;
        _fifoCount++;
        if (_fifoCount == 1)
        {
            RevealErrors();
        }

        RestartTimeout();
    }

    // Parity, framing and break belong to a character and show when it comes to the top.
    private void RevealErrors()
    {
        if (_fifoCount > 0)
        {
            _lineErrors |= _fifoErrors[_fifoStart];
        }
    }

    // Four character times without a character received or read (data sheet, "FIFO interrupt mode operation").
    private void RestartTimeout()
    {
        _timeoutPending = false;
        if (!FifoEnabled || _fifoCount == 0)
        {
            _timeoutTimer.Cancel();
            return;
        }

        int bits = 1 + 5 + (_lineControl & 3) + ((_lineControl >> 3) & 1) + 1 + ((_lineControl >> 2) & 1);
        long divisor = _divisor == 0 ? 65536 : _divisor;
        _timeoutTimer.Arm(_clock.NowNanoseconds + (4 * bits * 16 * divisor * 1_000_000_000L / ClockHertz));
    }

    private void OnTimeout()
    {
        _timeoutPending = _fifoCount > 0;
        UpdateInterrupt();
    }

    private byte LineStatus()
    {
        int status = LsrTransmitterEmpty | _lineErrors;
        if (_fifoCount > 0)
        {
            status |= LsrDataReady;
        }

        if (FifoEnabled)
        {
            for (int i = 0; i < _fifoCount; i++)
            {
                if (_fifoErrors[(_fifoStart + i) & (FifoSize - 1)] != 0)
                {
                    status |= LsrFifoError;
                }
            }
        }

        return (byte)status;
    }

    private byte InterruptIdentification()
    {
        int fifo = FifoEnabled ? 0xc0 : 0;
        int source = 0x01;
        if ((_interruptEnable & IerLineStatus) != 0 && (_lineErrors & LsrErrors) != 0)
        {
            source = 0x06;
        }
        else if ((_interruptEnable & IerReceived) != 0 && _fifoCount >= TriggerLevel)
        {
            source = 0x04;
        }
        else if ((_interruptEnable & IerReceived) != 0 && _timeoutPending)
        {
            source = 0x0c;
        }
        else if ((_interruptEnable & IerTransmitterEmpty) != 0 && _transmitterEmptyPending)
        {
            source = 0x02;
        }
        else if ((_interruptEnable & IerModemStatus) != 0 && (_modemStatus & 0x0f) != 0)
        {
            source = 0x00;
        }

        return (byte)(fifo | source);
    }

    private void UpdateInterrupt()
        => _irq.Set((_modemControl & (McrOut2 | McrLoop)) == McrOut2 && (InterruptIdentification() & 1) == 0);
}
