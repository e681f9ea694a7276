using System;
using Sosia.Devices.Screen;

namespace Sosia.Display.Rfb;

/// <summary>Hextile (RFC 6143, section 7.7.4): tiles of 16 × 16 pixels as a background and rectangles of other colours, or raw.</summary>
internal sealed class HextileEncoder
{
    private const int Tile = 16;
    private const byte IsRaw = 1;
    private const byte HasBackground = 2;
    private const byte HasForeground = 4;
    private const byte HasRectangles = 8;
    private const byte AreColored = 16;

    private readonly int[] _tile = new int[Tile * Tile];
    private readonly bool[] _done = new bool[Tile * Tile];
    private readonly int[] _one = new int[1];

    /// <summary>Encodes the pixels of a rectangle, whose header was written.</summary>
    public void Encode(PixelArea pixels, ScreenRectangle area, RfbPixelFormat format, RfbBuffer buffer)
    {
        for (int y = area.Y; y < area.Y + area.Height; y += Tile)
        {
            int height = Math.Min(Tile, area.Y + area.Height - y);
            for (int x = area.X; x < area.X + area.Width; x += Tile)
            {
                int width = Math.Min(Tile, area.X + area.Width - x);
                for (int line = 0; line < height; line++)
                {
                    pixels.Line(x, y + line, width).CopyTo(_tile.AsSpan(line * width));
                }

                EncodeTile(width, height, format, buffer);
            }
        }
    }

    private void EncodeTile(int width, int height, RfbPixelFormat format, RfbBuffer buffer)
    {
        int count = width * height;
        int start = buffer.Count;
        int limit = count * format.PixelByteCount;
        (int background, int foreground, int colors) = FindColors(count);
        buffer.AddByte(HasBackground | (colors == 1 ? 0 : HasRectangles) | (colors == 2 ? HasForeground : 0) | (colors > 2 ? AreColored : 0));
        AddPixel(background, format, buffer);
        if (colors == 2)
        {
            AddPixel(foreground, format, buffer);
        }

        if (colors > 1 && !AddRectangles(width, height, background, colors > 2, start + limit, format, buffer))
        {
            buffer.Truncate(start);
            buffer.AddByte(IsRaw);
            format.Convert(_tile.AsSpan(0, count), buffer.Add(limit));
        }
    }

    // The most frequent of the first two colours is the background.
    private (int Background, int Foreground, int Colors) FindColors(int count)
    {
        int first = _tile[0];
        int second = first;
        int firstCount = 0;
        int secondCount = 0;
        int colors = 1;
        for (int i = 0; i < count; i++)
        {
            int pixel = _tile[i];
            if (pixel == first)
            {
                firstCount++;
            }
            else if (colors == 1)
            {
                second = pixel;
                secondCount = 1;
                colors = 2;
            }
            else if (pixel == second)
            {
                secondCount++;
            }
            else
            {
                colors = 3;
            }
        }

        return firstCount >= secondCount ? (first, second, colors) : (second, first, colors);
    }

    // False when they need more room than the pixels.
    private bool AddRectangles(int width, int height, int background, bool areColored, int limit, RfbPixelFormat format, RfbBuffer buffer)
    {
        int countAt = buffer.Count;
        int rectangles = 0;
        buffer.AddByte(0);
        _done.AsSpan(0, width * height).Clear();
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int pixel = _tile[(y * width) + x];
                if (pixel == background || _done[(y * width) + x])
                {
                    continue;
                }

                int right = x + 1;
                while (right < width && _tile[(y * width) + right] == pixel && !_done[(y * width) + right])
                {
                    right++;
                }

                int bottom = y + 1;
                while (bottom < height && !_tile.AsSpan((bottom * width) + x, right - x).ContainsAnyExcept(pixel))
                {
                    bottom++;
                }

                for (int line = y; line < bottom; line++)
                {
                    _done.AsSpan((line * width) + x, right - x).Fill(true);
                }

                if (++rectangles > 255 || buffer.Count + 2 + format.PixelByteCount > limit)
                {
                    return false;
                }

                if (areColored)
                {
                    AddPixel(pixel, format, buffer);
                }

                buffer.AddByte((x << 4) | y);
                buffer.AddByte(((right - x - 1) << 4) | (bottom - y - 1));
            }
        }

        buffer.Span[countAt] = (byte)rectangles;
        return true;
    }

    private void AddPixel(int pixel, RfbPixelFormat format, RfbBuffer buffer)
    {
        _one[0] = pixel;
        format.Convert(_one, buffer.Add(format.PixelByteCount));
    }
}
