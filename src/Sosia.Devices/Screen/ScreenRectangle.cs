namespace Sosia.Devices.Screen;

/// <summary>A part of a picture, in pixels from its upper left corner.</summary>
/// <param name="X">The leftmost column.</param>
/// <param name="Y">The uppermost line.</param>
/// <param name="Width">How many columns.</param>
/// <param name="Height">How many lines.</param>
public readonly record struct ScreenRectangle(int X, int Y, int Width, int Height);
