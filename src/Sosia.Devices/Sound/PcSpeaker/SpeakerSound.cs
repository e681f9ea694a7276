using System;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;
using Sosia.Devices.Pit8254;

namespace Sosia.Devices.Sound.PcSpeaker;

/// <summary>
/// The sound of a PC's speaker: the output of the interval timer's counter 2, when bit 1 of port 0x61 lets it through. Each frame is the mean of the
/// wire over the frame's time, exact to a pulse of the timer, so that programs which play samples by the width of pulses are heard as well.
/// </summary>
public sealed class SpeakerSound : ISnapshotable, ISoundSource
{
    private const int Amplitude = 12_000;

    // The membrane cannot hold a position: the mean of the wire is taken away within some milliseconds (a high pass at about 30 Hz).
    private const double Decay = 0.996;

    // A cycle of fewer pulses is above what a frame can show, and above what people hear.
    private const int InaudibleCycle = 48;

    private readonly FrequencyScale _pulses = new(IntervalTimer.FrequencyHertz);
    private readonly MachineClock _clock;
    private readonly IntervalTimer _timer;
    private readonly SystemControlPort _port;
    private readonly SoundMixer _mixer;
    private long _pulse;
    private double _area;
    private double _mean;
    private bool _isSettled = true;

    /// <summary>Connects a loudspeaker.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="timer">Whose counter 2 makes the tone.</param>
    /// <param name="port">Which lets it through.</param>
    /// <param name="mixer">Where the sound goes.</param>
    public SpeakerSound(MachineClock clock, IntervalTimer timer, SystemControlPort port, SoundMixer mixer)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(timer);
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(mixer);
        _clock = clock;
        _timer = timer;
        _port = port;
        _mixer = mixer;
        timer.Counter2Changing = port.SpeakerChanging = CatchUp;
        timer.Counter2Changed = port.SpeakerChanged = Update;
        mixer.Add(this);
    }

    /// <inheritdoc/>
    public string SnapshotName => "speaker";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <inheritdoc/>
    bool ISoundSource.IsPlaying => !_isSettled || IsMoving;

    private bool IsMoving => _port.IsSpeakerEnabled && _timer.Counter2.NextEdge() != MachineClock.Never;

    private double Level => _port.IsSpeakerEnabled && _timer.Counter2.Output ? 1 : 0;

    /// <summary>Silence.</summary>
    public void Reset()
    {
        _isSettled = true;
        _area = _mean = 0;
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write("pulse", _pulse);
        writer.Write("area", BitConverter.DoubleToInt64Bits(_area));
        writer.Write("mean", BitConverter.DoubleToInt64Bits(_mean));
        writer.Write("settled", _isSettled);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _pulse = reader.ReadInt64("pulse");
        _area = BitConverter.Int64BitsToDouble(reader.ReadInt64("area"));
        _mean = BitConverter.Int64BitsToDouble(reader.ReadInt64("mean"));
        _isSettled = reader.ReadBoolean("settled");
    }

    /// <inheritdoc/>
    void ISoundSource.Render(long first, Span<int> accumulators)
    {
        long begin = PulseOf(first);
        for (int i = 0; i < accumulators.Length / 2; i++)
        {
            long end = PulseOf(first + i + 1);
            Integrate(end);
            double level = _area / (end - begin);
            _area = 0;
            begin = end;
            _mean += (level - _mean) * (1 - Decay);
            int sample = (int)Math.Round((level - _mean) * Amplitude);
            accumulators[2 * i] += sample;
            accumulators[(2 * i) + 1] += sample;
        }

        _isSettled = !IsMoving && Math.Abs(Level - _mean) * Amplitude < 1;
    }

    private void CatchUp()
    {
        _mixer.CatchUp();
        if (!_isSettled || IsMoving)
        {
            Integrate(_pulses.TicksAt(_clock.NowNanoseconds));
        }
    }

    private void Update()
    {
        bool wasSettled = _isSettled;
        _isSettled = _isSettled && !IsMoving && Math.Abs(Level - _mean) * Amplitude < 1;
        _mixer.Update();
        if (wasSettled && !_isSettled)
        {
            // The frame that has begun was silent so far.
            _area = 0;
            _pulse = _pulses.TicksAt(_clock.NowNanoseconds);
        }
    }

    // The wire's level, summed up over the pulses until one.
    private void Integrate(long end)
    {
        PitChannel counter = _timer.Counter2;
        if (!_port.IsSpeakerEnabled)
        {
            _pulse = Math.Max(_pulse, end);
            return;
        }

        while (_pulse < end)
        {
            counter.Advance(_pulse);
            if (counter.CycleLength is > 0 and < InaudibleCycle)
            {
                _area += (end - _pulse) * counter.MeanOutput;
                _pulse = end;
                return;
            }

            long next = Math.Min(end, Math.Max(_pulse + 1, counter.NextEdge()));
            _area += counter.Output ? next - _pulse : 0;
            _pulse = next;
        }
    }

    private static long PulseOf(long frame) => frame * IntervalTimer.FrequencyHertz / SoundMixer.FramesPerSecond;
}
