using System;
using System.Collections.Generic;
using Sosia.Devices.Sound;

namespace Sosia.Devices.Tests.Sound;

/// <summary>Keeps what a machine plays, and hears which tones are in it.</summary>
internal sealed class RecordingSound : ISoundSink
{
    public List<short> Left { get; } = [];

    public List<short> Right { get; } = [];

    /// <summary>The number of the first frame; -1 before there is one.</summary>
    public long First { get; private set; } = -1;

    public void Write(long position, ReadOnlySpan<short> samples)
    {
        First = First < 0 ? position : First;
        // What lies between two calls is silence.
        while (First + Left.Count < position)
        {
            Left.Add(0);
            Right.Add(0);
        }

        for (int i = 0; i < samples.Length; i += 2)
        {
            Left.Add(samples[i]);
            Right.Add(samples[i + 1]);
        }
    }

    /// <summary>The amplitude of a frequency in a part of a channel, by Goertzel's algorithm.</summary>
    public static double Amplitude(IReadOnlyList<short> samples, int start, int count, double hertz)
    {
        double factor = 2 * Math.Cos(2 * Math.PI * hertz / SoundMixer.FramesPerSecond);
        double one = 0;
        double two = 0;
        for (int i = start; i < start + count; i++)
        {
            double next = samples[i] + (factor * one) - two;
            two = one;
            one = next;
        }

        return 2 * Math.Sqrt((one * one) + (two * two) - (factor * one * two)) / count;
    }

    /// <summary>The strongest frequency between 100 and 4000 Hz, in steps of 10 Hz.</summary>
    public static double Strongest(IReadOnlyList<short> samples, int start, int count)
    {
        double best = 0;
        double strongest = 0;
        for (int hertz = 100; hertz <= 4000; hertz += 10)
        {
            double amplitude = Amplitude(samples, start, count, hertz);
            if (amplitude > strongest)
            {
                strongest = amplitude;
                best = hertz;
            }
        }

        return best;
    }
}
