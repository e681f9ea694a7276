using System;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;
using Sosia.Devices.Pci;

namespace Sosia.Devices.Sound.Ac97;

/// <summary>
/// The audio function of an 82801AA I/O controller hub (Intel data sheet 290655, chapter 8) with an AC'97 codec: PCM out is played; PCM in and
/// microphone take in silence, at their rates.
/// </summary>
public sealed class Ac97Controller : PciFunction, ISoundSource
{
    private const int MixerBar = 0;
    private const int MasterBar = 1;
    private const int MixerPortCount = 256;
    private const int MasterPortCount = 64;

    private const int ChannelCount = 3;
    private const int ChannelStride = 16;
    private const int Input = 0;
    private const int Output = 1;
    private const int Microphone = 2;

    private const int GlobalControl = 0x2c;
    private const int GlobalStatus = 0x30;
    private const int Semaphore = 0x34;

    private const uint ControlNotReset = 1 << 1;
    private const uint ControlWarmReset = 1 << 2;
    private const uint ControlBits = 0x3f;
    private const uint StatusCodecReady = 1 << 8;

    // The global status bit of each channel.
    private static readonly uint[] InterruptBits = [1 << 5, 1 << 6, 1 << 7];

    private readonly SoundMixer _mixer;
    private readonly ClockTimer _timer;
    private readonly Ac97Codec _codec = new();
    private readonly Ac97Channel[] _channels;
    private uint _control;
    private byte _semaphore;

    /// <summary>Creates the function.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="memory">Where samples are.</param>
    /// <param name="mixer">Where the sound goes.</param>
    public Ac97Controller(string name, MachineClock clock, MemoryBus memory, SoundMixer mixer)
        : base(name, new PciIdentity(0x8086, 0x2415, 0x040100, Revision: 1), interruptPin: 1)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(mixer);
        _mixer = mixer;
        _timer = clock.CreateTimer(name, Expired);
        _channels = [new Ac97Channel(memory, isInput: true, 2), new Ac97Channel(memory, isInput: false, 2), new Ac97Channel(memory, isInput: true, 1)];
        DefineUInt16(CommandOffset, 0, CommandIo | CommandBusMaster);
        DefineByte(0x06, 0x80, 0);
        DefineByte(0x07, 0x02, 0);
        DefineByte(0x0c, 0, 0);
        AddIoBar(MixerBar, MixerPortCount, new MixerPorts(this));
        AddIoBar(MasterBar, MasterPortCount, new BytePorts(MasterPortCount, ReadMaster, WriteMaster));
        mixer.Add(this);
    }

    /// <inheritdoc/>
    bool ISoundSource.IsPlaying => IsBusMaster && Array.Exists(_channels, static channel => channel.IsRunning);

    /// <inheritdoc/>
    void ISoundSource.Render(long first, Span<int> accumulators)
    {
        for (int i = 0; i < ChannelCount; i++)
        {
            if (_channels[i].IsRunning)
            {
                bool isOutput = i == Output;
                _channels[i].Render(Rate(i), isOutput ? _codec.LeftGain : 0, isOutput ? _codec.RightGain : 0, accumulators);
            }
        }
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        ResetRegisters();
        _control = 0;
        _timer.Cancel();
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        base.Save(writer);
        _codec.Save(writer);
        for (int i = 0; i < ChannelCount; i++)
        {
            _channels[i].Save(writer, $"channel{i}.");
        }

        writer.Write("control", _control);
        writer.Write("semaphore", _semaphore);
        writer.Write("due", _timer.IsArmed ? _timer.DeadlineNanoseconds : MachineClock.Never);
    }

    /// <inheritdoc/>
    /// <exception cref="SosiaException">The snapshot is damaged.</exception>
    public override void Restore(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.RequireVersion(SnapshotVersion);
        base.Restore(reader);
        _codec.Restore(reader);
        for (int i = 0; i < ChannelCount; i++)
        {
            _channels[i].Restore(reader, $"channel{i}.");
        }

        _control = reader.ReadUInt32("control");
        _semaphore = reader.ReadByte("semaphore");
        long due = reader.ReadInt64("due");
        _timer.Cancel();
        if (due != MachineClock.Never)
        {
            _timer.Arm(due);
        }
    }

    /// <inheritdoc/>
    protected override void ConfigurationWritten(int offset, int byteCount)
    {
        // Without the right to access memory the channels stand still.
        _mixer.CatchUp();
        Update();
    }

    private int Rate(int channel) => channel switch
    {
        Input => _codec.RecordRate,
        Output => _codec.OutputRate,
        _ => _codec.MicrophoneFrames,
    };

    private void ResetRegisters()
    {
        _codec.Reset();
        foreach (Ac97Channel channel in _channels)
        {
            channel.Reset();
        }

        _semaphore = 0;
        SetInterrupt(false);
    }

    private void Expired()
    {
        _mixer.CatchUp();
        Update();
    }

    // After any change: who plays, when the next buffer is done, whether an interrupt is pending.
    private void Update()
    {
        _mixer.Update();
        long frames = 0;
        for (int i = 0; i < ChannelCount && IsBusMaster; i++)
        {
            long left = _channels[i].FramesToCompletion(Rate(i));
            frames = left != 0 && (frames == 0 || left < frames) ? left : frames;
        }

        if (frames == 0)
        {
            _timer.Cancel();
        }
        else
        {
            _timer.Arm(_mixer.TimeOf(_mixer.Position + frames));
        }

        SetInterrupt(Array.Exists(_channels, static channel => channel.IsInterrupting));
    }

    private byte ReadMaster(int offset)
    {
        _mixer.CatchUp();
        int channel = offset / ChannelStride;
        if (channel < ChannelCount && offset % ChannelStride < 12)
        {
            return _channels[channel].Read(offset % ChannelStride);
        }

        switch (offset)
        {
            case >= GlobalControl and < GlobalControl + 4:
                return (byte)(_control >> (8 * (offset - GlobalControl)));
            case >= GlobalStatus and < GlobalStatus + 4:
                return (byte)(ReadStatus() >> (8 * (offset - GlobalStatus)));
            case Semaphore:
                // Reading takes the codec; an access of the codec gives it back.
                byte value = _semaphore;
                _semaphore = 1;
                return value;
            default:
                return 0;
        }
    }

    private uint ReadStatus()
    {
        uint status = (_control & ControlNotReset) != 0 ? StatusCodecReady : 0;
        for (int i = 0; i < ChannelCount; i++)
        {
            status |= _channels[i].IsInterrupting ? InterruptBits[i] : 0;
        }

        return status;
    }

    private void WriteMaster(int offset, byte value)
    {
        _mixer.CatchUp();
        int channel = offset / ChannelStride;
        if (channel < ChannelCount && offset % ChannelStride < 12)
        {
            _channels[channel].Write(offset % ChannelStride, value);
        }
        else if (offset is >= GlobalControl and < GlobalControl + 4)
        {
            int shift = 8 * (offset - GlobalControl);
            uint control = ((_control & ~(0xffu << shift)) | ((uint)value << shift)) & ControlBits & ~ControlWarmReset;
            if ((control & ControlNotReset) == 0 && (_control & ControlNotReset) != 0)
            {
                ResetRegisters();
            }

            _control = control;
        }

        Update();
    }

    // The codec's registers are words; they are reached over a serial link, a word at a time.
    private sealed class MixerPorts(Ac97Controller owner) : IPortDevice
    {
        public uint ReadPort(ushort offset, int byteCount)
        {
            owner._semaphore = 0;
            if (offset >= Ac97Codec.RegisterByteCount)
            {
                return byteCount == 4 ? uint.MaxValue : (1u << (8 * byteCount)) - 1;
            }

            uint value = owner._codec.Read(offset & ~1);
            if (byteCount == 4)
            {
                int next = (offset & ~1) + 2;
                return value | ((next < Ac97Codec.RegisterByteCount ? owner._codec.Read(next) : 0xffffu) << 16);
            }

            return byteCount == 2 ? value : (byte)(value >> (8 * (offset & 1)));
        }

        public void WritePort(ushort offset, int byteCount, uint value)
        {
            owner._semaphore = 0;
            if (offset >= Ac97Codec.RegisterByteCount || byteCount == 1)
            {
                return;
            }

            owner._mixer.CatchUp();
            owner._codec.Write(offset & ~1, (ushort)value);
            if (byteCount == 4 && (offset & ~1) + 2 < Ac97Codec.RegisterByteCount)
            {
                owner._codec.Write((offset & ~1) + 2, (ushort)(value >> 16));
            }

            owner.Update();
        }
    }
}
