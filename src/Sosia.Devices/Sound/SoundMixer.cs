using System;
using System.Collections.Generic;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Sound;

/// <summary>
/// Adds up what a machine's sound devices play and gives it to a sink. All sources advance together, up to the present whenever one of them is looked at
/// (<see cref="CatchUp"/>), else every few milliseconds of guest time; while none plays, it does nothing.
/// </summary>
public sealed class SoundMixer : ISnapshotable
{
    /// <summary>The sampling rate of everything that is mixed.</summary>
    public const int FramesPerSecond = 48_000;

    // How late a device may take data that nobody looks at.
    private const long TickNanoseconds = 5_000_000;
    private const int ChunkFrames = 256;

    private readonly FrequencyScale _scale = new(FramesPerSecond);
    private readonly MachineClock _clock;
    private readonly ISoundSink _sink;
    private readonly ClockTimer _timer;
    private readonly List<ISoundSource> _sources = [];
    private readonly int[] _accumulators = new int[2 * ChunkFrames];
    private readonly short[] _samples = new short[2 * ChunkFrames];
    private bool _isRunning;
    private long _position;

    /// <summary>Creates a mixer without sources.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="sink">Where the sound goes.</param>
    public SoundMixer(MachineClock clock, ISoundSink sink)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
        _sink = sink;
        _timer = clock.CreateTimer("sound", Tick);
    }

    /// <inheritdoc/>
    public string SnapshotName => "sound";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The first frame that was not rendered yet; meaningful after <see cref="CatchUp"/> or <see cref="Update"/>.</summary>
    internal long Position => _position;

    /// <summary>Stops; to be called before the sources are reset.</summary>
    public void Reset()
    {
        _isRunning = false;
        _timer.Cancel();
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write("running", _isRunning);
        writer.Write("position", _position);
        writer.Write("due", _timer.IsArmed ? _timer.DeadlineNanoseconds : MachineClock.Never);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _isRunning = reader.ReadBoolean("running");
        _position = reader.ReadInt64("position");
        long due = reader.ReadInt64("due");
        _timer.Cancel();
        if (due != MachineClock.Never)
        {
            _timer.Arm(due);
        }
    }

    internal void Add(ISoundSource source) => _sources.Add(source);

    /// <summary>When a frame begins, in guest nanoseconds.</summary>
    internal long TimeOf(long frame) => _scale.NanosecondsAt(frame);

    /// <summary>Renders what has passed: to be called before a source's state is read or changed.</summary>
    internal void CatchUp()
    {
        if (!_isRunning)
        {
            return;
        }

        long now = _scale.TicksAt(_clock.NowNanoseconds);
        while (_position < now)
        {
            int count = (int)Math.Min(ChunkFrames, now - _position);
            Span<int> accumulators = _accumulators.AsSpan(0, 2 * count);
            accumulators.Clear();
            foreach (ISoundSource source in _sources)
            {
                if (source.IsPlaying)
                {
                    source.Render(_position, accumulators);
                }
            }

            Span<short> samples = _samples.AsSpan(0, 2 * count);
            for (int i = 0; i < samples.Length; i++)
            {
                samples[i] = (short)Math.Clamp(accumulators[i], short.MinValue, short.MaxValue);
            }

            _sink.Write(_position, samples);
            _position += count;
        }
    }

    /// <summary>To be called after a source's state was changed.</summary>
    internal void Update()
    {
        bool wasRunning = _isRunning;
        _isRunning = _sources.Exists(static source => source.IsPlaying);
        if (!wasRunning)
        {
            _position = _scale.TicksAt(_clock.NowNanoseconds);
        }

        if (_isRunning && !_timer.IsArmed)
        {
            _timer.Arm(_clock.NowNanoseconds + TickNanoseconds);
        }
        else if (!_isRunning)
        {
            _timer.Cancel();
        }
    }

    private void Tick()
    {
        CatchUp();
        Update();
    }
}
