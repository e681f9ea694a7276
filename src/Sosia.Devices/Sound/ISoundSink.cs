using System;

namespace Sosia.Devices.Sound;

/// <summary>Where a machine's sound goes: <see cref="SoundMixer.FramesPerSecond"/> frames a second of guest time, two channels, 16 bits.</summary>
public interface ISoundSink
{
    /// <summary>Takes sound, on the machine's thread.</summary>
    /// <param name="position">The number of the first frame, counted from power-on; what lies between two calls is silence.</param>
    /// <param name="samples">Left and right in turns.</param>
    void Write(long position, ReadOnlySpan<short> samples);
}
