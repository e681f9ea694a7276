using System;
using System.Buffers.Binary;
using System.IO;

namespace Sosia.Machines.Tests.Sound;

/// <summary>Reads what a WAV file's header promises, and hears how strong a tone is in it.</summary>
internal sealed class WavReader
{
    private WavReader(short[] left)
    {
        Left = left;
    }

    public const int FramesPerSecond = 48_000;

    public short[] Left { get; }

    /// <summary>Reads a file that may still grow; everything that the header promises must be there.</summary>
    public static WavReader Open(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] header = new byte[44];
        stream.ReadExactly(header);
        if (!header.AsSpan().StartsWith("RIFF"u8) || !header.AsSpan(8).StartsWith("WAVEfmt "u8) || !header.AsSpan(36).StartsWith("data"u8))
        {
            throw new InvalidDataException("No WAV file.");
        }

        uint byteCount = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(40));
        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)) != byteCount + 36
            || BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(22)) != 2
            || BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(24)) != FramesPerSecond
            || BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(34)) != 16)
        {
            throw new InvalidDataException("The header contradicts itself.");
        }

        byte[] data = new byte[byteCount];
        stream.ReadExactly(data);
        short[] left = new short[byteCount / 4];
        for (int i = 0; i < left.Length; i++)
        {
            left[i] = BinaryPrimitives.ReadInt16LittleEndian(data.AsSpan(4 * i));
        }

        return new WavReader(left);
    }

    /// <summary>The frequency that is strongest in a part, between 100 and 4000 Hz, by Goertzel's algorithm.</summary>
    public int Strongest(int start, int count)
    {
        int best = 0;
        double strongest = 0;
        for (int hertz = 100; hertz <= 4000; hertz += 10)
        {
            double factor = 2 * Math.Cos(2 * Math.PI * hertz / FramesPerSecond);
            double one = 0;
            double two = 0;
            for (int i = start; i < start + count; i++)
            {
                (one, two) = (Left[i] + (factor * one) - two, one);
            }

            double power = (one * one) + (two * two) - (factor * one * two);
            (strongest, best) = power > strongest ? (power, hertz) : (strongest, best);
        }

        return best;
    }
}
