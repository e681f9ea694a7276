using System;
using System.Runtime.InteropServices;
using Sosia.Devices.Screen;

namespace Sosia.Devices.Vga;

/// <summary>
/// Draws the VGA's own modes as the CRT controller reads them: a counter of characters that starts anew at the split line, translated to an address in
/// the planes, whose bytes become characters, pixels of four planes, pixels of two bits, or pixels of a byte.
/// </summary>
internal ref struct LegacyRenderer
{
    private readonly VgaScanout _scanout;
    private readonly ReadOnlySpan<uint> _planes;
    private readonly ReadOnlySpan<int> _palette;
    private readonly ReadOnlySpan<int> _colors;
    private readonly byte[] _crtc;
    private readonly int _addressMask;

    /// <summary>Prepares to draw.</summary>
    /// <param name="scanout">What is shown.</param>
    /// <param name="memory">Video memory.</param>
    /// <param name="palette">The palette's 256 colours.</param>
    /// <param name="colors">The attributes' 16 colours.</param>
    public LegacyRenderer(VgaScanout scanout, ReadOnlySpan<byte> memory, ReadOnlySpan<int> palette, ReadOnlySpan<int> colors)
    {
        _scanout = scanout;
        _palette = palette;
        _colors = colors;
        _crtc = scanout.State.Crtc;
        _planes = MemoryMarshal.Cast<byte, uint>(memory);
        _addressMask = scanout.State.IsDispiEnabled ? _planes.Length - 1 : 0xffff;
    }

    /// <summary>Draws all lines.</summary>
    /// <param name="buffer">Room for a line and what is scrolled out of it on both sides.</param>
    /// <param name="picture">Takes the lines.</param>
    public readonly void Render(Span<int> buffer, ScreenPicture picture)
    {
        VgaState state = _scanout.State;
        bool isExtension = state.IsDispiEnabled;
        int rowLines = isExtension || IsRepeated ? 1 : _scanout.CharacterHeight;
        int increment = isExtension ? _scanout.Pitch / 4 : _crtc[0x13] * 2;
        int rowStart = isExtension ? (int)(_scanout.StartByte / 4) : _scanout.StartAddress + ((_crtc[8] >> 5) & 3);
        int panning = isExtension ? 0 : Panning(state.Attribute[0x13]);
        int rowLine = isExtension ? 0 : (_crtc[8] & 0x1f) % rowLines;
        // The line after the compare value is the first from address 0.
        int split = isExtension ? int.MaxValue : (state.LineCompare + 1) / SplitScale;
        for (int y = 0; y < _scanout.Height; y++)
        {
            if (y == split)
            {
                rowStart = 0;
                rowLine = 0;
                panning = (state.Attribute[0x10] & 0x20) != 0 ? 0 : panning;
            }

            DrawLine(rowStart, rowLine, buffer);
            picture.SetLine(y, buffer.Slice(panning, _scanout.Width));
            if (++rowLine >= rowLines)
            {
                rowLine = 0;
                rowStart += increment;
            }
        }
    }

    // Lines that repeat were taken out of the picture.
    private readonly bool IsRepeated => _scanout.State.IsGraphics && (_crtc[0x17] & 3) == 3;

    private readonly int SplitScale => _scanout.LineRepeat;

    // How many columns are scrolled out on the left.
    private readonly int Panning(int value)
    {
        if (!_scanout.State.IsGraphics && _scanout.CharacterWidth == 9)
        {
            return value >= 8 ? 0 : value + 1;
        }

        return _scanout.HasByteSizedPixels ? (value & 7) >> 1 : value & 7;
    }

    // From the counter to an address in the planes (word and doubleword mode; rows of lines that choose bits 13 and 14).
    private readonly int Translate(int counter, int rowLine)
    {
        int address = counter;
        if (!_scanout.State.IsDispiEnabled)
        {
            // In doubleword mode four bytes lie side by side in a word of the memory here, so that the counter need not be shifted.
            bool isDoubleword = (_crtc[0x14] & 0x40) != 0;
            if (!isDoubleword && (_crtc[0x17] & 0x40) == 0)
            {
                int wrapped = (counter >> ((_crtc[0x17] & 0x20) != 0 ? 15 : 13)) & 1;
                address = (counter << 1) | wrapped;
            }

            if ((_crtc[0x17] & 1) == 0)
            {
                address = (address & ~0x2000) | ((rowLine & 1) << 13);
            }

            if ((_crtc[0x17] & 2) == 0)
            {
                address = (address & ~0x4000) | ((rowLine & 2) << 13);
            }
        }

        return address & _addressMask;
    }

    private readonly void DrawLine(int rowStart, int rowLine, Span<int> buffer)
    {
        VgaState state = _scanout.State;
        int width = _scanout.Width;
        if (!state.IsDispiEnabled && !state.IsGraphics)
        {
            DrawCharacters(rowStart, rowLine, buffer);
        }
        else if (!state.IsDispiEnabled && _scanout.HasByteSizedPixels)
        {
            for (int i = 0; i <= width / 4; i++)
            {
                uint bytes = _planes[Translate(rowStart + i, rowLine)];
                Span<int> pixels = buffer.Slice(4 * i, 4);
                pixels[0] = _palette[(int)(bytes & 0xff)];
                pixels[1] = _palette[(int)((bytes >> 8) & 0xff)];
                pixels[2] = _palette[(int)((bytes >> 16) & 0xff)];
                pixels[3] = _palette[(int)(bytes >> 24)];
            }
        }
        else if (!state.IsDispiEnabled && (state.Graphics[5] & 0x20) != 0)
        {
            for (int i = 0; i <= width / 8; i++)
            {
                DrawPairs(_planes[Translate(rowStart + i, rowLine)], buffer.Slice(8 * i, 8));
            }
        }
        else
        {
            for (int i = 0; i <= width / 8; i++)
            {
                DrawBits(_planes[Translate(rowStart + i, rowLine)], buffer.Slice(8 * i, 8));
            }
        }
    }

    // A bit of each plane.
    private readonly void DrawBits(uint planes, Span<int> pixels)
    {
        for (int x = 0; x < 8; x++)
        {
            uint bits = (planes >> (7 - x)) & 0x0101_0101;
            pixels[x] = _colors[(int)(((bits * 0x1020_4080u) >> 28) & 15)];
        }
    }

    // Two bits of an even plane, two of the one two further on.
    private readonly void DrawPairs(uint planes, Span<int> pixels)
    {
        for (int x = 0; x < 8; x++)
        {
            int plane = x < 4 ? 0 : 8;
            int shift = 6 - (2 * (x & 3));
            int low = (int)(planes >> (plane + shift)) & 3;
            int high = (int)(planes >> (plane + 16 + shift)) & 3;
            pixels[x] = _colors[low | (high << 2)];
        }
    }

    private readonly void DrawCharacters(int rowStart, int rowLine, Span<int> buffer)
    {
        VgaState state = _scanout.State;
        int cellWidth = _scanout.CharacterWidth;
        int columns = (_scanout.Width / cellWidth) + 1;
        byte mode = state.Attribute[0x10];
        bool blinks = (mode & 8) != 0;
        bool joinsLines = (mode & 4) != 0;
        int fontA = FontOffset((state.Sequencer[3] >> 2) & 3, (state.Sequencer[3] >> 5) & 1);
        int fontB = FontOffset(state.Sequencer[3] & 3, (state.Sequencer[3] >> 4) & 1);
        bool isUnderline = rowLine == (_crtc[0x14] & 0x1f);
        bool isCursor = HasCursorOn(rowLine);
        for (int column = 0; column < columns; column++)
        {
            uint cell = _planes[Translate(rowStart + column, rowLine)];
            int code = (int)(cell & 0xff);
            int attribute = (int)((cell >> 8) & 0xff);
            int font = (attribute & 8) != 0 ? fontA : fontB;
            int bits = (int)(_planes[(font + (code * 32) + rowLine) & 0xffff] >> 16) & 0xff;
            bool isHidden = blinks && (attribute & 0x80) != 0 && !_scanout.ShowsBlinking;
            bits = isHidden ? 0 : bits;
            bits = (bits << 1) | (joinsLines && (code & 0xe0) == 0xc0 ? bits & 1 : 0);
            bool isSolid = (isUnderline && (attribute & 7) == 1 && !isHidden) || (isCursor && ((rowStart + column) & 0xffff) == _scanout.CursorAddress);
            bits = isSolid ? 0x1ff : bits;
            int foreground = _colors[attribute & 15];
            int background = _colors[blinks ? (attribute >> 4) & 7 : attribute >> 4];
            Span<int> pixels = buffer.Slice(column * cellWidth, cellWidth);
            for (int x = 0; x < pixels.Length; x++)
            {
                pixels[x] = (bits & (0x100 >> x)) != 0 ? foreground : background;
            }
        }
    }

    private readonly bool HasCursorOn(int rowLine)
    {
        int start = _crtc[0x0a];
        return (start & 0x20) == 0 && _scanout.ShowsCursor && rowLine >= (start & 0x1f) && rowLine <= (_crtc[0x0b] & 0x1f);
    }

    private static int FontOffset(int bank, int half) => (bank * 0x4000) + (half * 0x2000);
}
