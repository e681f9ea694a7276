using System;

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
}
