using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Sosia.Devices.Screen;

namespace Sosia.Devices.Vga;

/// <summary>Draws the extension's modes with 8 to 32 bits for a pixel: only lines on pages that have changed.</summary>
internal static class LinearRenderer
{
    /// <summary>Draws what has changed.</summary>
    /// <param name="scanout">What is shown.</param>
    /// <param name="memory">Video memory.</param>
    /// <param name="palette">The 256 colours of modes with 8 bits.</param>
    /// <param name="buffer">Room for a line.</param>
    /// <param name="picture">Takes the lines.</param>
    public static void Render(VgaScanout scanout, ReadOnlySpan<byte> memory, ReadOnlySpan<int> palette, Span<int> buffer, ScreenPicture picture)
    {
        int bits = scanout.State.Dispi[DispiRegister.BitsPerPixel];
        int lineByteCount = scanout.Width * ((bits + 7) / 8);
        Span<int> line = buffer[..scanout.Width];
        for (int y = 0; y < scanout.Height; y++)
        {
            long first = scanout.StartByte + ((long)y * scanout.Pitch);
            if (!scanout.IsLineChanged(first, lineByteCount))
            {
                continue;
            }

            if (first + lineByteCount > memory.Length)
            {
                // The guest shows what lies behind the end of its memory.
                line.Clear();
            }
            else
            {
                Convert(memory.Slice((int)first, lineByteCount), bits, palette, line);
            }

            picture.SetLine(y, line);
        }
    }

    private static void Convert(ReadOnlySpan<byte> source, int bits, ReadOnlySpan<int> palette, Span<int> line)
    {
        switch (bits)
        {
            case 8:
                for (int x = 0; x < line.Length; x++)
                {
                    line[x] = palette[source[x]];
                }

                break;
            case 15:
                for (int x = 0; x < line.Length; x++)
                {
                    int pixel = BinaryPrimitives.ReadUInt16LittleEndian(source[(2 * x)..]);
                    line[x] = (Widen5(pixel >> 10) << 16) | (Widen5(pixel >> 5) << 8) | Widen5(pixel);
                }

                break;
            case 16:
                for (int x = 0; x < line.Length; x++)
                {
                    int pixel = BinaryPrimitives.ReadUInt16LittleEndian(source[(2 * x)..]);
                    int green = (pixel >> 5) & 0x3f;
                    line[x] = (Widen5(pixel >> 11) << 16) | (((green << 2) | (green >> 4)) << 8) | Widen5(pixel);
                }

                break;
            case 24:
                for (int x = 0; x < line.Length; x++)
                {
                    line[x] = source[3 * x] | (source[(3 * x) + 1] << 8) | (source[(3 * x) + 2] << 16);
                }

                break;
            default:
                DropUnused(MemoryMarshal.Cast<byte, int>(source), line);
                break;
        }
    }

    private static int Widen5(int value)
    {
        value &= 0x1f;
        return (value << 3) | (value >> 2);
    }

    // The fourth byte of a pixel may hold anything.
    private static void DropUnused(ReadOnlySpan<int> source, Span<int> line)
    {
        int x = 0;
        var mask = new Vector<int>(0xff_ffff);
        for (; x + Vector<int>.Count <= line.Length; x += Vector<int>.Count)
        {
            (new Vector<int>(source[x..]) & mask).CopyTo(line[x..]);
        }

        for (; x < line.Length; x++)
        {
            line[x] = source[x] & 0xff_ffff;
        }
    }
}
