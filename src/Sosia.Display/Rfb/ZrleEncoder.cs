using System;
using System.IO;
using System.IO.Compression;
using Sosia.Devices.Screen;

namespace Sosia.Display.Rfb;

/// <summary>
/// ZRLE (RFC 6143, section 7.7.6): tiles of 64 × 64 pixels as a single colour, indices of a palette, runs or raw, in a zlib stream that lasts as long
/// as the connection.
/// </summary>
internal sealed class ZrleEncoder : IDisposable
{
    private const int Tile = 64;
    private const int MaxPalette = 127;
    private const int MaxPackedPalette = 16;
    private const byte Runs = 128;
    private const int SlotCount = 512;

    private readonly MemoryStream _compressed = new();
    private readonly ZLibStream _zlib;
    private readonly RfbBuffer _tiles = new();
    private readonly int[] _pixels = new int[Tile * Tile];
    private readonly byte[] _converted = new byte[Tile * Tile * 4];
    private readonly int[] _palette = new int[MaxPalette];

    // A colour's place in the palette, found by hashing: the colour, and its index + 1.
    private readonly int[] _slotColors = new int[SlotCount];
    private readonly byte[] _slotIndices = new byte[SlotCount];
    private int _paletteCount;

    /// <summary>Begins a stream.</summary>
    public ZrleEncoder()
    {
        _zlib = new ZLibStream(_compressed, CompressionLevel.Fastest, leaveOpen: true);
    }

    /// <summary>Encodes the pixels of a rectangle, whose header was written.</summary>
    public void Encode(PixelArea pixels, ScreenRectangle area, RfbPixelFormat format, RfbBuffer buffer)
    {
        _tiles.Clear();
        for (int y = area.Y; y < area.Y + area.Height; y += Tile)
        {
            int height = Math.Min(Tile, area.Y + area.Height - y);
            for (int x = area.X; x < area.X + area.Width; x += Tile)
            {
                int width = Math.Min(Tile, area.X + area.Width - x);
                for (int line = 0; line < height; line++)
                {
                    pixels.Line(x, y + line, width).CopyTo(_pixels.AsSpan(line * width));
                }

                EncodeTile(width, height, format);
            }
        }

        _compressed.SetLength(0);
        _zlib.Write(_tiles.Span);
        _zlib.Flush();
        buffer.AddInt32((int)_compressed.Length);
        buffer.Add(_compressed.GetBuffer().AsSpan(0, (int)_compressed.Length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _zlib.Dispose();
        _compressed.Dispose();
    }

    private void EncodeTile(int width, int height, RfbPixelFormat format)
    {
        ReadOnlySpan<int> pixels = _pixels.AsSpan(0, width * height);
        int pixelByteCount = format.IsCompact ? 3 : format.PixelByteCount;
        (int runs, int singles) = FindRuns(pixels);
        int best = pixels.Length * pixelByteCount;
        if (_paletteCount == 1)
        {
            _tiles.AddByte(1);
            AddPixels(_palette.AsSpan(0, 1), format);
            return;
        }

        // What each form takes, about: a run of one pixel has no length, others a byte of it.
        int plain = (runs * (pixelByteCount + 1)) + (pixels.Length / 255);
        int indexed = _paletteCount > MaxPalette ? int.MaxValue : (_paletteCount * pixelByteCount) + (2 * runs) - singles;
        int bits = _paletteCount <= 2 ? 1 : _paletteCount <= 4 ? 2 : 4;
        int packed = _paletteCount > MaxPackedPalette ? int.MaxValue : (_paletteCount * pixelByteCount) + (height * (((width * bits) + 7) / 8));
        if (packed <= Math.Min(best, Math.Min(plain, indexed)))
        {
            _tiles.AddByte(_paletteCount);
            AddPixels(_palette.AsSpan(0, _paletteCount), format);
            AddPacked(pixels, width, bits);
        }
        else if (Math.Min(plain, indexed) < best)
        {
            bool isIndexed = indexed <= plain;
            _tiles.AddByte(isIndexed ? Runs + _paletteCount : Runs);
            AddPixels(_palette.AsSpan(0, isIndexed ? _paletteCount : 0), format);
            AddRuns(pixels, isIndexed, format);
        }
        else
        {
            _tiles.AddByte(0);
            AddPixels(pixels, format);
        }
    }

    // Counts runs and fills the palette, until it has too many colours.
    private (int Runs, int Singles) FindRuns(ReadOnlySpan<int> pixels)
    {
        Array.Clear(_slotIndices);
        _paletteCount = 0;
        int runs = 0;
        int singles = 0;
        for (int i = 0; i < pixels.Length;)
        {
            int end = i + 1;
            while (end < pixels.Length && pixels[end] == pixels[i])
            {
                end++;
            }

            runs++;
            singles += end == i + 1 ? 1 : 0;
            if (_paletteCount <= MaxPalette)
            {
                AddColor(pixels[i]);
            }

            i = end;
        }

        return (runs, singles);
    }

    private void AddColor(int color)
    {
        int slot = Slot(color);
        if (_slotIndices[slot] != 0)
        {
            return;
        }

        if (_paletteCount < MaxPalette)
        {
            _palette[_paletteCount] = color;
            _slotColors[slot] = color;
            _slotIndices[slot] = (byte)(_paletteCount + 1);
        }

        _paletteCount++;
    }

    // The colour's slot, or the free one where it belongs; the table is never more than a quarter full.
    private int Slot(int color)
    {
        int slot = (int)((uint)color * 2654435761u >> 23);
        while (_slotIndices[slot] != 0 && _slotColors[slot] != color)
        {
            slot = (slot + 1) & (SlotCount - 1);
        }

        return slot;
    }

    private void AddPacked(ReadOnlySpan<int> pixels, int width, int bits)
    {
        for (int start = 0; start < pixels.Length; start += width)
        {
            int value = 0;
            int filled = 0;
            for (int x = 0; x < width; x++)
            {
                value = (value << bits) | (_slotIndices[Slot(pixels[start + x])] - 1);
                filled += bits;
                if (filled == 8)
                {
                    _tiles.AddByte(value);
                    value = filled = 0;
                }
            }

            if (filled != 0)
            {
                _tiles.AddByte(value << (8 - filled));
            }
        }
    }

    private void AddRuns(ReadOnlySpan<int> pixels, bool isIndexed, RfbPixelFormat format)
    {
        for (int i = 0; i < pixels.Length;)
        {
            int end = i + 1;
            while (end < pixels.Length && pixels[end] == pixels[i])
            {
                end++;
            }

            int length = end - i;
            if (isIndexed)
            {
                _tiles.AddByte((_slotIndices[Slot(pixels[i])] - 1) | (length > 1 ? Runs : 0));
            }
            else
            {
                AddPixels(pixels.Slice(i, 1), format);
            }

            if (!isIndexed || length > 1)
            {
                int rest = length - 1;
                for (; rest >= 255; rest -= 255)
                {
                    _tiles.AddByte(255);
                }

                _tiles.AddByte(rest);
            }

            i = end;
        }
    }

    private void AddPixels(ReadOnlySpan<int> pixels, RfbPixelFormat format)
    {
        Span<byte> converted = _converted.AsSpan(0, pixels.Length * format.PixelByteCount);
        format.Convert(pixels, converted);
        if (!format.IsCompact)
        {
            _tiles.Add(converted);
            return;
        }

        Span<byte> compact = _tiles.Add(3 * pixels.Length);
        for (int i = 0; i < pixels.Length; i++)
        {
            converted.Slice((4 * i) + format.CompactSkip, 3).CopyTo(compact[(3 * i)..]);
        }
    }
}
