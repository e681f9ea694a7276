namespace Sosia.Devices.Screen;

/// <summary>One character on a text screen.</summary>
/// <param name="Code">The character's number in the font; without a font of the guest's own, code page 437.</param>
/// <param name="Foreground">The characters's colour, 0xRRGGBB.</param>
/// <param name="Background">The colour behind it, 0xRRGGBB.</param>
public readonly record struct ScreenCell(byte Code, uint Foreground, uint Background);
