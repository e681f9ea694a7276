using System;
using System.Collections.Generic;
using Sosia.Devices.Screen;

namespace Sosia.Display.Rfb;

/// <summary>A client's copy of the picture, from which its updates are encoded.</summary>
internal sealed class PixelArea
{
    private int[] _pixels = [];

    /// <summary>Columns.</summary>
    public int Width { get; private set; }

    /// <summary>Lines.</summary>
    public int Height { get; private set; }

    /// <summary>Sets the size; everything becomes black.</summary>
    public void Resize(int width, int height)
    {
        Width = width;
        Height = height;
        _pixels = new int[width * height];
    }

    /// <summary>A part of a line.</summary>
    public Span<int> Line(int x, int y, int width) => _pixels.AsSpan((y * Width) + x, width);

    /// <summary>Takes a part of the picture over.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="part">The part; within both.</param>
    public void Copy(ScreenPicture picture, ScreenRectangle part)
    {
        for (int y = part.Y; y < part.Y + part.Height; y++)
        {
            picture.Line(y).Slice(part.X, part.Width).CopyTo(Line(part.X, y, part.Width));
        }
    }

    /// <summary>Takes over what differs in a part of the picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="part">The part, which begins where a tile of the picture does; within both.</param>
    /// <param name="differences">Rectangles around what differs are added here, not more than one for each tile.</param>
    public void CopyDifferences(ScreenPicture picture, ScreenRectangle part, List<ScreenRectangle> differences)
    {
        for (int y = part.Y; y < part.Y + part.Height; y += ScreenPicture.TileHeight)
        {
            int height = Math.Min(ScreenPicture.TileHeight, part.Y + part.Height - y);
            ScreenRectangle run = default;
            for (int x = part.X; x < part.X + part.Width; x += ScreenPicture.TileWidth)
            {
                int width = Math.Min(ScreenPicture.TileWidth, part.X + part.Width - x);
                ScreenRectangle difference = CopyDifference(picture, new ScreenRectangle(x, y, width, height));
                if (run.Width != 0 && run.X + run.Width == difference.X && run.Y == difference.Y && run.Height == difference.Height)
                {
                    run = run with { Width = run.Width + difference.Width };
                    continue;
                }

                if (run.Width != 0)
                {
                    run.AddTo(differences);
                }

                run = difference;
            }

            if (run.Width != 0)
            {
                run.AddTo(differences);
            }
        }
    }

    // The smallest rectangle around what differs; empty when nothing does.
    private ScreenRectangle CopyDifference(ScreenPicture picture, ScreenRectangle tile)
    {
        int left = tile.Width;
        int right = 0;
        int top = tile.Height;
        int bottom = 0;
        for (int line = 0; line < tile.Height; line++)
        {
            ReadOnlySpan<int> source = picture.Line(tile.Y + line).Slice(tile.X, tile.Width);
            Span<int> destination = Line(tile.X, tile.Y + line, tile.Width);
            int same = source.CommonPrefixLength(destination);
            if (same == tile.Width)
            {
                continue;
            }

            left = Math.Min(left, same);
            top = Math.Min(top, line);
            bottom = line + 1;
            int end = tile.Width;
            while (end > right && source[end - 1] == destination[end - 1])
            {
                end--;
            }

            right = end;
            source.CopyTo(destination);
        }

        return right == 0 ? default : new ScreenRectangle(tile.X + left, tile.Y + top, right - left, bottom - top);
    }
}
