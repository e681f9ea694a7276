using System;

namespace Sosia.Display;

/// <summary>A picture of a screen.</summary>
/// <param name="width">Columns.</param>
/// <param name="height">Lines.</param>
/// <param name="pixels">The pixels, line by line: 0x00RRGGBB.</param>
public sealed class ScreenImage(int width, int height, int[] pixels)
{
    /// <summary>Columns.</summary>
    public int Width { get; } = width;

    /// <summary>Lines.</summary>
    public int Height { get; } = height;

    /// <summary>The pixels, line by line: 0x00RRGGBB.</summary>
    public ReadOnlySpan<int> Pixels => pixels;

    /// <summary>A pixel: 0xRRGGBB.</summary>
    public int this[int x, int y] => pixels[(y * Width) + x];
}
