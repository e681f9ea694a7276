using System;
using System.Runtime.InteropServices;
using Sosia.Devices.Screen;

namespace Sosia.Devices.Vga;

/// <summary>Makes pictures and texts of what the adapter shows.</summary>
internal sealed class VgaRenderer
{
    // The widest line, and what can be scrolled out of it.
    private const int MaxLine = 4096;

    private readonly int[] _buffer = new int[MaxLine];
    private readonly int[] _palette = new int[256];
    private readonly int[] _colors = new int[16];

    /// <summary>Draws.</summary>
    /// <param name="scanout">What is shown.</param>
    /// <param name="memory">Video memory; it may change meanwhile.</param>
    /// <param name="picture">Takes size and lines.</param>
    public void Render(VgaScanout scanout, ReadOnlySpan<byte> memory, ScreenPicture picture)
    {
        picture.Resize(scanout.Width, scanout.Height);
        if (scanout.IsBlank)
        {
            Span<int> black = _buffer.AsSpan(0, scanout.Width);
            black.Clear();
            for (int y = 0; y < scanout.Height; y++)
            {
                picture.SetLine(y, black);
            }

            return;
        }

        ReadColors(scanout);
        if (scanout.IsLinear)
        {
            LinearRenderer.Render(scanout, memory, _palette, _buffer, picture);
        }
        else
        {
            new LegacyRenderer(scanout, memory, _palette, _colors).Render(_buffer, picture);
        }
    }

    /// <summary>Reads the characters; null when none are shown.</summary>
    public ScreenText? ReadText(VgaScanout scanout, ReadOnlySpan<byte> memory)
    {
        if (!scanout.IsText)
        {
            return null;
        }

        ReadColors(scanout);
        VgaState state = scanout.State;
        ReadOnlySpan<uint> planes = MemoryMarshal.Cast<byte, uint>(memory);
        int columns = state.Crtc[1] + 1;
        int rows = Math.Max(1, (scanout.Height * scanout.LineRepeat) / (scanout.CharacterHeight * scanout.LineRepeat));
        int step = state.Crtc[0x13] * 2;
        bool isWord = (state.Crtc[0x17] & 0x40) == 0;
        bool blinks = (state.Attribute[0x10] & 8) != 0;
        var cells = new ScreenCell[columns * rows];
        for (int i = 0; i < cells.Length; i++)
        {
            int counter = (scanout.StartAddress + (i / columns * step) + (i % columns)) & 0xffff;
            uint cell = planes[(isWord ? counter << 1 : counter) & 0xffff];
            int attribute = (int)(cell >> 8) & 0xff;
            int background = blinks ? (attribute >> 4) & 7 : attribute >> 4;
            cells[i] = new ScreenCell((byte)cell, (uint)_colors[attribute & 15], (uint)_colors[background]);
        }

        bool hasCursor = (state.Crtc[0x0a] & 0x20) == 0 && (state.Crtc[0x0a] & 0x1f) <= (state.Crtc[0x0b] & 0x1f);
        int cursor = (scanout.CursorAddress - scanout.StartAddress) & 0xffff;
        int cursorRow = step == 0 ? 0 : cursor / step;
        int cursorColumn = step == 0 ? cursor : cursor % step;
        bool isInside = hasCursor && cursorRow < rows && cursorColumn < columns;
        return new ScreenText(columns, rows, cells, cursorColumn, isInside ? cursorRow : -1);
    }

    private void ReadColors(VgaScanout scanout)
    {
        scanout.ReadPalette(_palette);
        scanout.ReadAttributeColors(_palette, _colors);
    }
}
