using Sosia.Core.Snapshots;

namespace Sosia.Devices.Sound.Sb16;

/// <summary>The level to which software sets the converter sample by sample; without more of them it falls silent after a while.</summary>
internal struct DirectOutput
{
    // A tenth of a second.
    private const int HoldFrames = SoundMixer.FramesPerSecond / 10;

    private int _level;
    private int _framesLeft;

    /// <summary>True while the level counts.</summary>
    public readonly bool IsPlaying => _framesLeft > 0;

    /// <summary>Sets the level.</summary>
    /// <param name="level">In 16 bits around 0.</param>
    public void Set(int level)
    {
        _level = level;
        _framesLeft = HoldFrames;
    }

    /// <summary>Silence.</summary>
    public void Clear() => this = default;

    /// <summary>Goes one frame on.</summary>
    /// <returns>The level in it.</returns>
    public int Advance()
    {
        if (_framesLeft <= 0)
        {
            return 0;
        }

        _framesLeft--;
        return _level;
    }

    public readonly void Save(SnapshotWriter writer)
    {
        writer.Write("direct.level", _level);
        writer.Write("direct.left", _framesLeft);
    }

    public void Restore(SnapshotReader reader)
    {
        _level = (short)reader.ReadInt32("direct.level");
        _framesLeft = System.Math.Min(reader.ReadInt32("direct.left"), HoldFrames);
    }
}
