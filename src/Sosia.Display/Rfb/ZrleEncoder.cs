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

    // A run's length has a byte for each of these, and one for the rest.
    private const int LengthStep = 255;

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

    // The runs of a tile: where each ends, and its colour's place in the palette while that has room.
    private readonly int[] _runEnds = new int[Tile * Tile];
    private readonly byte[] _runIndices = new byte[Tile * Tile];
    private int _runCount;

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
        int singles = FindRuns(pixels);
        int best = pixels.Length * pixelByteCount;
        if (_paletteCount == 1)
        {
            _tiles.AddByte(1);
            AddPixels(_palette.AsSpan(0, 1), format);
            return;
        }

        // What each form takes, about: a run of one pixel has no length, others a byte of it.
        int plain = (_runCount * (pixelByteCount + 1)) + (pixels.Length / LengthStep);
        int indexed = _paletteCount > MaxPalette ? int.MaxValue : (_paletteCount * pixelByteCount) + (2 * _runCount) - singles;
        int bits = _paletteCount <= 2 ? 1 : _paletteCount <= 4 ? 2 : 4;
        int packed = _paletteCount > MaxPackedPalette ? int.MaxValue : (_paletteCount * pixelByteCount) + (height * (((width * bits) + 7) / 8));
        if (packed <= Math.Min(best, Math.Min(plain, indexed)))
        {
            _tiles.AddByte(_paletteCount);
            AddPixels(_palette.AsSpan(0, _paletteCount), format);
            AddPacked(width, height, bits);
        }
        else if (indexed <= plain && indexed < best)
        {
            _tiles.AddByte(Runs + _paletteCount);
            AddPixels(_palette.AsSpan(0, _paletteCount), format);
            AddIndexedRuns(pixels.Length);
        }
        else if (plain < best)
        {
            _tiles.AddByte(Runs);
            AddPlainRuns(pixels, format);
        }
        else
        {
            _tiles.AddByte(0);
            AddPixels(pixels, format);
        }
    }

    // Notes runs and fills the palette, until it has too many colours; how many runs are one pixel.
    private int FindRuns(ReadOnlySpan<int> pixels)
    {
        Array.Clear(_slotIndices);
        _paletteCount = 0;
        _runCount = 0;
        int singles = 0;
        for (int i = 0; i < pixels.Length;)
        {
            int color = pixels[i];
            int end = i + 1;
            if (end < pixels.Length && pixels[end] == color)
            {
                int same = pixels[end..].IndexOfAnyExcept(color);
                end = same < 0 ? pixels.Length : end + same;
            }
            else
            {
                singles++;
            }

            _runEnds[_runCount] = end;
            if (_paletteCount <= MaxPalette)
            {
                _runIndices[_runCount] = AddColor(color);
            }

            _runCount++;
            i = end;
        }

        return singles;
    }

    // The colour's place in the palette; meaningless once that has too many.
    private byte AddColor(int color)
    {
        // The colour's slot, or the free one where it belongs; the table is never more than a quarter full.
        int slot = (int)((uint)color * 2654435761u >> 23);
        while (_slotIndices[slot] != 0 && _slotColors[slot] != color)
        {
            slot = (slot + 1) & (SlotCount - 1);
        }

        if (_slotIndices[slot] == 0)
        {
            if (_paletteCount < MaxPalette)
            {
                _palette[_paletteCount] = color;
                _slotColors[slot] = color;
                _slotIndices[slot] = (byte)(_paletteCount + 1);
            }

            _paletteCount++;
        }

        return (byte)(_slotIndices[slot] - 1);
    }

    private void AddPacked(int width, int height, int bits)
    {
        Span<byte> bytes = _tiles.Add(height * (((width * bits) + 7) / 8));
        int at = 0;
        int run = 0;
        int pixel = 0;
        for (int line = 0; line < height; line++)
        {
            int value = 0;
            int filled = 0;
            for (int lineEnd = pixel + width; pixel < lineEnd; pixel++)
            {
                run += pixel == _runEnds[run] ? 1 : 0;
                value = (value << bits) | _runIndices[run];
                filled += bits;
                if (filled == 8)
                {
                    bytes[at++] = (byte)value;
                    value = filled = 0;
                }
            }

            if (filled != 0)
            {
                bytes[at++] = (byte)(value << (8 - filled));
            }
        }
    }

    private void AddIndexedRuns(int pixelCount)
    {
        int start = _tiles.Count;
        Span<byte> bytes = _tiles.Add((2 * _runCount) + (pixelCount / LengthStep));
        int at = 0;
        int begin = 0;
        for (int run = 0; run < _runCount; run++)
        {
            int length = _runEnds[run] - begin;
            begin = _runEnds[run];
            if (length == 1)
            {
                bytes[at++] = _runIndices[run];
            }
            else
            {
                bytes[at++] = (byte)(_runIndices[run] | Runs);
                at += WriteLength(length, bytes[at..]);
            }
        }

        _tiles.Truncate(start + at);
    }

    private void AddPlainRuns(ReadOnlySpan<int> pixels, RfbPixelFormat format)
    {
        int begin = 0;
        Span<byte> length = stackalloc byte[(Tile * Tile / LengthStep) + 1];
        for (int run = 0; run < _runCount; run++)
        {
            AddPixels(pixels.Slice(begin, 1), format);
            _tiles.Add(length[..WriteLength(_runEnds[run] - begin, length)]);
            begin = _runEnds[run];
        }
    }

    // How many bytes it took.
    private static int WriteLength(int length, Span<byte> bytes)
    {
        int at = 0;
        int rest = length - 1;
        for (; rest >= LengthStep; rest -= LengthStep)
        {
            bytes[at++] = LengthStep;
        }

        bytes[at++] = (byte)rest;
        return at;
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
