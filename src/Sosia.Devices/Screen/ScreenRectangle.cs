using System;
using System.Collections.Generic;

namespace Sosia.Devices.Screen;

/// <summary>A part of a picture, in pixels from its upper left corner.</summary>
/// <param name="X">The leftmost column.</param>
/// <param name="Y">The uppermost line.</param>
/// <param name="Width">How many columns.</param>
/// <param name="Height">How many lines.</param>
public readonly record struct ScreenRectangle(int X, int Y, int Width, int Height)
{
    /// <summary>Adds it to a list in reading order; below one of the same columns it becomes one with it.</summary>
    /// <param name="rectangles">The list.</param>
    public void AddTo(List<ScreenRectangle> rectangles)
    {
        ArgumentNullException.ThrowIfNull(rectangles);
        for (int i = rectangles.Count - 1; i >= 0 && rectangles[i].Y + rectangles[i].Height >= Y; i--)
        {
            ScreenRectangle above = rectangles[i];
            if (above.X == X && above.Width == Width && above.Y + above.Height == Y)
            {
                rectangles[i] = above with { Height = above.Height + Height };
                return;
            }
        }

        rectangles.Add(this);
    }
}
