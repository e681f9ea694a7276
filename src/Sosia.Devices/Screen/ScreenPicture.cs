using System;
using System.Collections.Generic;

namespace Sosia.Devices.Screen;

/// <summary>
/// What a screen shows: 32 bits a pixel, 0x00RRGGBB (blue in the lowest byte), and when each part of it last changed. Parts are tiles of
/// <see cref="TileWidth"/> × <see cref="TileHeight"/> pixels; a line that is set anew changes only tiles in which it differs.
/// </summary>
/// <remarks>Not synchronized: its owner sees to that.</remarks>
public sealed class ScreenPicture
{
    /// <summary>Columns of a tile.</summary>
    public const int TileWidth = 64;

    /// <summary>Lines of a tile.</summary>
    public const int TileHeight = 16;

    private int[] _pixels = [];
    private long[] _changedAt = [];
    private int _tilesPerRow;

    /// <summary>Columns; 0 before anything was shown.</summary>
    public int Width { get; private set; }

    /// <summary>Lines; 0 before anything was shown.</summary>
    public int Height { get; private set; }

    /// <summary>Raised by <see cref="BeginChanges"/>: changes are dated by it.</summary>
    public long Version { get; private set; }

    /// <summary>The version at which the size last changed.</summary>
    public long SizeVersion { get; private set; }

    /// <summary>The pixels, line by line.</summary>
    public ReadOnlySpan<int> Pixels => _pixels.AsSpan(0, Width * Height);

    /// <summary>The changes that follow are newer than all before.</summary>
    public void BeginChanges() => Version++;

    /// <summary>Sets the size. If it is another one, all is black and changed.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Lines, at least 1.</param>
    public void Resize(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (width == Width && height == Height)
        {
            return;
        }

        Width = width;
        Height = height;
        SizeVersion = Version;
        _tilesPerRow = (width + TileWidth - 1) / TileWidth;
        _pixels = new int[width * height];
        _changedAt = new long[_tilesPerRow * ((height + TileHeight - 1) / TileHeight)];
        Array.Fill(_changedAt, Version);
    }

    /// <summary>A line's pixels.</summary>
    public ReadOnlySpan<int> Line(int y) => _pixels.AsSpan(y * Width, Width);

    /// <summary>Sets a line.</summary>
    /// <param name="y">Which.</param>
    /// <param name="pixels">Its pixels, <see cref="Width"/> of them.</param>
    public void SetLine(int y, ReadOnlySpan<int> pixels)
    {
        Span<int> line = _pixels.AsSpan(y * Width, Width);
        Span<long> changedAt = _changedAt.AsSpan(y / TileHeight * _tilesPerRow, _tilesPerRow);
        for (int tile = 0; tile < changedAt.Length; tile++)
        {
            int x = tile * TileWidth;
            int count = Math.Min(TileWidth, Width - x);
            ReadOnlySpan<int> source = pixels.Slice(x, count);
            Span<int> destination = line.Slice(x, count);
            if (!source.SequenceEqual(destination))
            {
                source.CopyTo(destination);
                changedAt[tile] = Version;
            }
        }
    }

    /// <summary>Lists what has changed, tiles side by side joined.</summary>
    /// <param name="version">Changes after this <see cref="Version"/>.</param>
    /// <param name="within">Only tiles that touch this part.</param>
    /// <param name="changes">Takes the rectangles, in reading order.</param>
    public void ListChanges(long version, ScreenRectangle within, List<ScreenRectangle> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        changes.Clear();
        int lastX = Math.Min(Width, within.X + within.Width);
        int lastY = Math.Min(Height, within.Y + within.Height);
        for (int y = Math.Max(0, within.Y) / TileHeight * TileHeight; y < lastY; y += TileHeight)
        {
            int height = Math.Min(TileHeight, Height - y);
            int start = -1;
            for (int x = Math.Max(0, within.X) / TileWidth * TileWidth; x < lastX; x += TileWidth)
            {
                bool isChanged = _changedAt[(y / TileHeight * _tilesPerRow) + (x / TileWidth)] > version;
                if (isChanged && start < 0)
                {
                    start = x;
                }
                else if (!isChanged && start >= 0)
                {
                    new ScreenRectangle(start, y, x - start, height).AddTo(changes);
                    start = -1;
                }
            }

            if (start >= 0)
            {
                int end = Math.Min(Width, (lastX + TileWidth - 1) / TileWidth * TileWidth);
                new ScreenRectangle(start, y, end - start, height).AddTo(changes);
            }
        }
    }
}
