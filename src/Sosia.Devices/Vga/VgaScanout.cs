using System;

namespace Sosia.Devices.Vga;

/// <summary>
/// What was on the adapter's screen when it was captured: a copy of the registers, the state of what blinks, and which pages of video memory have
/// changed. Values that follow from registers are bounded, whatever the guest has put there.
/// </summary>
internal sealed class VgaScanout
{
    /// <summary>Pages of the 256 KiB that the VGA's own modes show.</summary>
    public const int LegacyPageCount = 64;

    private const int PageByteCount = 4096;

    /// <summary>The registers.</summary>
    public VgaState State { get; } = new();

    /// <summary>True when everything has to be drawn anew.</summary>
    public bool IsChanged { get; set; } = true;

    /// <summary>True in the half of its period in which the cursor is seen.</summary>
    public bool ShowsCursor { get; private set; }

    /// <summary>True in the half of their period in which blinking characters are seen.</summary>
    public bool ShowsBlinking { get; private set; }

    /// <summary>The first page of video memory that is shown.</summary>
    public int FirstPage { get; private set; }

    /// <summary>How many pages are shown.</summary>
    public int PageCount { get; private set; } = LegacyPageCount;

    /// <summary>One for each page of video memory: it has changed and was not drawn since.</summary>
    public required bool[] ChangedPages { get; init; }

    /// <summary>Columns of the picture.</summary>
    public int Width { get; private set; }

    /// <summary>Lines of the picture.</summary>
    public int Height { get; private set; }

    /// <summary>Lines of the monitor for each of the picture's.</summary>
    public int LineRepeat { get; private set; }

    /// <summary>Bytes from one line to the next in the extension's modes.</summary>
    public int Pitch { get; private set; }

    /// <summary>The first byte shown in the extension's modes.</summary>
    public long StartByte { get; private set; }

    /// <summary>Lines of a character.</summary>
    public int CharacterHeight => (State.Crtc[9] & 0x1f) + 1;

    /// <summary>Columns of a character.</summary>
    public int CharacterWidth => (State.Sequencer[1] & 1) != 0 ? 8 : 9;

    /// <summary>True when a mode of the extension with whole bytes for a pixel is shown.</summary>
    public bool IsLinear => State.IsDispiEnabled && State.Dispi[DispiRegister.BitsPerPixel] != 4;

    /// <summary>True when characters are shown.</summary>
    public bool IsText => !State.IsDispiEnabled && !State.IsGraphics && !IsBlank;

    /// <summary>True when the screen is switched off.</summary>
    public bool IsBlank => !State.IsDispiEnabled
        && ((State.Sequencer[1] & 0x20) != 0 || (State.AttributeIndex & 0x20) == 0 || (State.Crtc[0x17] & 0x80) == 0);

    /// <summary>True when a byte is a pixel.</summary>
    public bool HasByteSizedPixels => (State.Graphics[5] & 0x40) != 0;

    /// <summary>Where the picture begins, in addresses of the CRT controller.</summary>
    public int StartAddress => (State.Crtc[0x0c] << 8) | State.Crtc[0x0d];

    /// <summary>Where the cursor is, in addresses of the CRT controller.</summary>
    public int CursorAddress => (State.Crtc[0x0e] << 8) | State.Crtc[0x0f];

    /// <summary>Derives sizes and pages from <see cref="State"/>.</summary>
    /// <param name="memoryByteCount">The size of video memory.</param>
    public void Derive(uint memoryByteCount)
    {
        LineRepeat = 1;
        FirstPage = 0;
        PageCount = LegacyPageCount;
        if (State.IsDispiEnabled)
        {
            DeriveExtension(memoryByteCount);
            return;
        }

        // A blank screen keeps the size that it would have.
        int lines = State.VerticalDisplayEnd + 1;
        int characters = State.Crtc[1] + 1;
        if (State.Crtc[1] == 0 || lines < 8)
        {
            Width = 640;
            Height = 480;
            return;
        }

        if ((State.Crtc[9] & 0x80) != 0)
        {
            LineRepeat = 2;
        }

        if (State.IsGraphics)
        {
            // Rows of more than one line that all show the same are one line of the picture, as far as their lowest bits choose no memory.
            int rowLines = CharacterHeight;
            bool usesRowBits = (State.Crtc[0x17] & 1) == 0 || (State.Crtc[0x17] & 2) == 0;
            LineRepeat *= usesRowBits ? 1 : rowLines;
            Width = characters * (HasByteSizedPixels ? 4 : 8);
        }
        else
        {
            Width = characters * CharacterWidth;
        }

        Height = Math.Max(1, lines / LineRepeat);
    }

    /// <summary>Notes in which half of its period each thing that blinks is.</summary>
    /// <returns>True when that has changed.</returns>
    public bool SetBlinking(bool showsCursor, bool showsBlinking)
    {
        bool differs = ShowsCursor != showsCursor || ShowsBlinking != showsBlinking;
        (ShowsCursor, ShowsBlinking) = (showsCursor, showsBlinking);
        return differs;
    }

    /// <summary>True when a line of the extension's modes has to be drawn.</summary>
    public bool IsLineChanged(long firstByte, int byteCount)
    {
        if (IsChanged)
        {
            return true;
        }

        long last = Math.Min((firstByte + byteCount - 1) / PageByteCount, ChangedPages.Length - 1);
        for (long page = firstByte / PageByteCount; page <= last; page++)
        {
            if (ChangedPages[page])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The colours of the palette's 256 entries, behind the mask.</summary>
    public void ReadPalette(Span<int> colors)
    {
        int shift = (State.Dispi[DispiRegister.Enable] & DispiRegister.EightBitPalette) != 0 ? 0 : 2;
        for (int i = 0; i < 256; i++)
        {
            ReadOnlySpan<byte> color = State.Palette.AsSpan((i & State.PelMask) * 3, 3);
            colors[i] = (Widen(color[0], shift) << 16) | (Widen(color[1], shift) << 8) | Widen(color[2], shift);
        }
    }

    /// <summary>The colours of the 16 attributes.</summary>
    public void ReadAttributeColors(ReadOnlySpan<int> palette, Span<int> colors)
    {
        byte select = State.Attribute[0x14];
        for (int i = 0; i < 16; i++)
        {
            int index = State.Attribute[i & State.Attribute[0x12]] & 0x3f;
            index = (State.Attribute[0x10] & 0x80) != 0 ? (index & 0x0f) | ((select & 3) << 4) : index;
            colors[i] = palette[index | ((select & 0x0c) << 4)];
        }
    }

    private static int Widen(int value, int shift) => shift == 0 ? value : ((value << 2) | (value >> 4)) & 0xff;

    private void DeriveExtension(uint memoryByteCount)
    {
        Width = Math.Clamp((int)State.Dispi[DispiRegister.Width], 1, DispiRegister.MaxWidth);
        Height = Math.Clamp((int)State.Dispi[DispiRegister.Height], 1, DispiRegister.MaxHeight);
        Pitch = Dispi.Pitch(State);
        int bits = State.Dispi[DispiRegister.BitsPerPixel];
        long x = State.Dispi[DispiRegister.OffsetX];
        StartByte = ((long)Pitch * State.Dispi[DispiRegister.OffsetY]) + (bits == 4 ? x / 8 * 4 : x * ((bits + 7) / 8));
        long end = Math.Min(memoryByteCount, StartByte + ((long)Pitch * Height));
        long first = Math.Min(StartByte, memoryByteCount - 1) / PageByteCount;
        FirstPage = (int)first;
        PageCount = (int)Math.Max(1, ((end + PageByteCount - 1) / PageByteCount) - first);
    }
}
