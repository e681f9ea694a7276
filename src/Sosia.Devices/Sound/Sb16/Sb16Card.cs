using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;
using Sosia.Devices.Dma8237;

namespace Sosia.Devices.Sound.Sb16;

/// <summary>
/// A Sound Blaster 16 (Sound Blaster Series Hardware Programming Guide) with DSP 4.05 at port 0x220: samples by DMA or directly, mixer, and an OPL3 that
/// can be found but not heard. Here: ports, interrupts, and the way of samples; the DSP's commands are in the other part.
/// </summary>
public sealed partial class Sb16Card : ISnapshotable, ISoundSource
{
    private const int BasePort = 0x220;
    private const int AdLibPort = 0x388;
    private const int PortCount = 16;
    private const int InterruptCount = 16;

    private const byte PendingByte = 1 << 0;
    private const byte PendingWord = 1 << 1;

    private readonly MachineClock _clock;
    private readonly DmaControllers _dma;
    private readonly RoutedIrq _irq;
    private readonly DiagnosticLog _log;
    private readonly SoundMixer _output;
    private readonly ClockTimer _timer;
    private readonly Sb16Mixer _mixer = new();
    private readonly OplTimers _opl;
    private byte _pending;
    private Sb16Transfer _transfer;
    private RateConverter _converter;

    /// <summary>Creates the card.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="dma">Whose channels move samples.</param>
    /// <param name="irqs">Where its interrupt goes: inputs 5, 7, 9 and 10.</param>
    /// <param name="mixer">Where the sound goes.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public Sb16Card(MachineClock clock, DmaControllers dma, IIrqSink irqs, SoundMixer mixer, DiagnosticLog log)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(mixer);
        _clock = clock;
        _dma = dma;
        _irq = new RoutedIrq(irqs);
        _log = log;
        _output = mixer;
        _timer = clock.CreateTimer("sb16", Expired);
        _opl = new OplTimers(clock);
        Ports = new BytePorts(PortCount, Read, Write);
        AdLibPorts = new BytePorts(4, _opl.Read, _opl.Write);
        mixer.Add(this);
    }

    /// <inheritdoc/>
    public string SnapshotName => "sb16";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>Ports 0x220 to 0x22F.</summary>
    public IPortDevice Ports { get; }

    /// <summary>Ports 0x388 to 0x38B.</summary>
    public IPortDevice AdLibPorts { get; }

    /// <inheritdoc/>
    bool ISoundSource.IsPlaying => _transfer.IsRunning || _direct.IsPlaying;

    /// <summary>Claims the ports.</summary>
    public void Map(PortBus ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        ports.Map(BasePort, PortCount, Ports, "sb16");
        ports.Map(AdLibPort, 4, AdLibPorts, "sb16-opl");
    }

    /// <summary>Puts the card to its power-on state.</summary>
    public void Reset()
    {
        _mixer.PowerOn();
        _opl.Reset();
        ResetDsp();
        _resetLevel = false;
        _replies.Clear();
        _pending = 0;
        _timer.Cancel();
        UpdateInterrupt();
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        _mixer.Save(writer);
        _opl.Save(writer);
        _transfer.Save(writer);
        _converter.Save(writer, "converter.");
        SaveDsp(writer);
        writer.Write("pending", _pending);
        writer.Write("irq", _irq.AssertedInput);
        writer.Write("due", _timer.IsArmed ? _timer.DeadlineNanoseconds : MachineClock.Never);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.RequireVersion(SnapshotVersion);
        _mixer.Restore(reader);
        _opl.Restore(reader);
        _transfer.Restore(reader);
        _converter.Restore(reader, "converter.");
        RestoreDsp(reader);
        _pending = reader.ReadByte("pending");
        int irq = reader.ReadInt32("irq");
        _irq.Restore(irq is >= 0 and < InterruptCount ? irq : RoutedIrq.Nowhere);
        long due = reader.ReadInt64("due");
        _timer.Cancel();
        if (due != MachineClock.Never)
        {
            _timer.Arm(due);
        }
    }

    /// <inheritdoc/>
    void ISoundSource.Render(long first, Span<int> accumulators)
    {
        int leftGain = _mixer.LeftGain;
        int rightGain = _mixer.RightGain;
        for (int i = 0; i + 1 < accumulators.Length; i += 2)
        {
            if (_transfer.IsRunning)
            {
                int count = _converter.Advance(Rate);
                for (int k = 0; k < count && _transfer.IsRunning; k++)
                {
                    MoveFrame();
                }
            }

            (int left, int right) = _transfer.IsRunning ? (_converter.Left, _converter.Right) : (0, 0);
            int direct = _direct.Advance();
            accumulators[i] += (int)(((long)(left + direct) * leftGain) >> 16);
            accumulators[i + 1] += (int)(((long)(right + direct) * rightGain) >> 16);
        }
    }

    // The samples of one moment.
    private void MoveFrame()
    {
        int channel = _transfer.Is16Bit ? _mixer.WordChannel : _mixer.ByteChannel;
        Span<byte> frame = stackalloc byte[4];
        frame = frame[.._transfer.FrameByteCount];
        if (!_transfer.IsSilence)
        {
            if (channel < 0 || !_dma.IsEnabled(channel))
            {
                // The controller does not answer yet: the card waits, holding the level.
                _converter.Hold();
                return;
            }

            _transfer.FillSilence(frame);
            if (_transfer.IsInput)
            {
                _ = _dma.Write(channel, frame, out _);
            }
            else
            {
                _ = _dma.Read(channel, frame, out _);
                int left = _transfer.Decode(frame, 0);
                _converter.Push(left, _transfer.IsStereo ? _transfer.Decode(frame, 1) : left);
            }
        }

        _transfer.SamplesLeft -= _transfer.IsStereo ? 2 : 1;
        if (_transfer.SamplesLeft <= 0)
        {
            CompleteBlock();
        }
    }

    private void CompleteBlock()
    {
        _pending |= _transfer.Is16Bit ? PendingWord : PendingByte;
        if (_transfer.IsAutoInitialized && !_transfer.EndsWithBlock)
        {
            _transfer.SamplesLeft = _transfer.BlockSamples;
        }
        else
        {
            _transfer.IsActive = false;
            _transfer.SamplesLeft = 1;
            _isHighSpeed = false;
            _converter.Clear();
        }
    }

    private void Expired()
    {
        _output.CatchUp();
        Update();
    }

    // After any change: whether it plays, when the block is done, whether an interrupt is pending.
    private void Update()
    {
        _output.Update();
        if (_transfer.IsRunning)
        {
            int frames = (_transfer.SamplesLeft + (_transfer.IsStereo ? 1 : 0)) / (_transfer.IsStereo ? 2 : 1);
            _timer.Arm(_output.TimeOf(_output.Position + _converter.FramesUntil(frames, Rate)));
        }
        else
        {
            _timer.Cancel();
        }

        UpdateInterrupt();
    }

    private void UpdateInterrupt() => _irq.Set(_mixer.Interrupt, _pending != 0 && _mixer.Interrupt != 0);

    private byte Read(int offset)
    {
        _output.CatchUp();
        switch (offset)
        {
            case < 4:
                return _opl.Read(offset);
            case 4:
                return _mixer.Index;
            case 5:
                return _mixer.Read(_pending);
            case 8 or 9:
                return _opl.Read(offset - 8);
            case 0x0a:
                return ReadReply();
            case 0x0c:
                return ReadWriteStatus();
            case 0x0e:
                // Reading acknowledges the interrupt of 8-bit transfers.
                _pending &= unchecked((byte)~PendingByte);
                UpdateInterrupt();
                return _replies.Count != 0 ? (byte)0xff : (byte)0x7f;
            case 0x0f:
                _pending &= unchecked((byte)~PendingWord);
                UpdateInterrupt();
                return 0xff;
            default:
                return 0xff;
        }
    }

    private void Write(int offset, byte value)
    {
        _output.CatchUp();
        switch (offset)
        {
            case < 4:
                _opl.Write(offset, value);
                return;
            case 4:
                _mixer.Select(value);
                return;
            case 5:
                _mixer.Write(value);
                break;
            case 6:
                WriteReset(value);
                break;
            case 8 or 9:
                _opl.Write(offset - 8, value);
                return;
            case 0x0c:
                WriteCommand(value);
                break;
        }

        Update();
    }
}
