using Sosia.Core.Snapshots;

namespace Sosia.Devices.Sound;

/// <summary>Plays frames of any rate at the mixer's, with straight lines between them. A structure of its owner's state.</summary>
internal struct RateConverter
{
    private int _phase;
    private int _left;
    private int _right;
    private int _previousLeft;
    private int _previousRight;

    /// <summary>Begins anew, from silence.</summary>
    public void Clear() => this = default;

    /// <summary>Goes one frame of the mixer's on.</summary>
    /// <param name="rate">Frames a second of the source.</param>
    /// <returns>How many frames the source gives for it.</returns>
    public int Advance(int rate)
    {
        _phase += rate;
        int count = _phase / SoundMixer.FramesPerSecond;
        _phase -= count * SoundMixer.FramesPerSecond;
        return count;
    }

    /// <summary>Takes a frame of the source.</summary>
    public void Push(int left, int right)
    {
        _previousLeft = _left;
        _previousRight = _right;
        _left = left;
        _right = right;
    }

    /// <summary>The source has nothing new: its level stays.</summary>
    public void Hold()
    {
        _previousLeft = _left;
        _previousRight = _right;
    }

    /// <summary>The left channel now.</summary>
    public readonly int Left => Between(_previousLeft, _left);

    /// <summary>The right channel now.</summary>
    public readonly int Right => Between(_previousRight, _right);

    /// <summary>How many of the mixer's frames pass until the source has given some of its own.</summary>
    /// <param name="count">How many of the source's, at least 1.</param>
    /// <param name="rate">Frames a second of the source.</param>
    public readonly long FramesUntil(long count, int rate) => ((count * SoundMixer.FramesPerSecond) - _phase + rate - 1) / rate;

    /// <summary>Writes the state.</summary>
    public readonly void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "phase", _phase);
        writer.Write(prefix + "left", _left);
        writer.Write(prefix + "right", _right);
        writer.Write(prefix + "previous-left", _previousLeft);
        writer.Write(prefix + "previous-right", _previousRight);
    }

    /// <summary>Reads the state.</summary>
    public void Restore(SnapshotReader reader, string prefix)
    {
        _phase = System.Math.Clamp(reader.ReadInt32(prefix + "phase"), 0, SoundMixer.FramesPerSecond - 1);
        _left = (short)reader.ReadInt32(prefix + "left");
        _right = (short)reader.ReadInt32(prefix + "right");
        _previousLeft = (short)reader.ReadInt32(prefix + "previous-left");
        _previousRight = (short)reader.ReadInt32(prefix + "previous-right");
    }

    private readonly int Between(int from, int to) => from + (int)((long)(to - from) * _phase / SoundMixer.FramesPerSecond);
}
