using System;
using System.Linq;
using Sosia.Devices.Screen;
using Xunit;

namespace Sosia.Devices.Tests.Vga;

public sealed class VgaTests : IDisposable
{
    private readonly VgaBoard _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Nothing_is_shown_after_power_on()
    {
        _board.Draw();
        Assert.All(_board.Picture.Pixels.ToArray(), pixel => Assert.Equal(0, pixel));
        Assert.Null(_board.Adapter.ReadText());
    }

    [Fact]
    public void Text_written_to_the_window_is_read_and_drawn()
    {
        _board.Adapter.ShowTextScreen();
        WriteText(0, 0, "Hello, VGA", 0x1e);
        WriteText(70, 24, "the end", 0x07);
        _board.Draw();
        ScreenText text = _board.Adapter.ReadText()!;
        Assert.Equal((80, 25), (text.Columns, text.Rows));
        Assert.Equal("Hello, VGA", text.Line(0));
        Assert.EndsWith("the end", text.Line(24), StringComparison.Ordinal);
        Assert.Equal(0xffff55u, text.Cell(0, 0).Foreground);
        Assert.Equal(0x0000aau, text.Cell(0, 0).Background);
        Assert.Equal((720, 400), (_board.Picture.Width, _board.Picture.Height));
        // The letter H has both its colours in its cell, and nothing else.
        int[] cell = Enumerable.Range(0, 16 * 9).Select(i => _board.Pixel(i % 9, i / 9)).ToArray();
        Assert.Equal([0x0000aa, 0xffff55], cell.Distinct().Order());
    }

    [Fact]
    public void Only_what_has_changed_is_drawn_again()
    {
        _board.Adapter.ShowTextScreen();
        _board.Set(0x3d4, 0x0a, 0x20);
        Assert.NotEmpty(_board.Draw());
        Assert.False(_board.Adapter.Capture());
        WriteText(40, 10, "x", 0x07);
        ScreenRectangle change = Assert.Single(_board.Draw());
        Assert.Equal(new ScreenRectangle(320, 160, 64, 16), change);
        Assert.False(_board.Adapter.Capture());
    }

    [Fact]
    public void The_cursor_blinks_and_has_the_lines_that_its_registers_name()
    {
        _board.Adapter.ShowTextScreen();
        _board.Set(0x3d4, 0x0f, 81);
        _board.Draw();
        Assert.Equal(0xaaaaaa, _board.Pixel(9, 16 + 13));
        Assert.Equal(0xaaaaaa, _board.Pixel(9, 16 + 14));
        Assert.Equal(0, _board.Pixel(9, 16 + 12));
        Assert.Equal(0, _board.Pixel(9, 16 + 15));
        Assert.Equal((1, 1), (_board.Adapter.ReadText()!.CursorColumn, _board.Adapter.ReadText()!.CursorRow));
        _board.Clock.AdvanceTo(16 * 14_300_000);
        Assert.True(_board.Adapter.Capture());
        _board.Draw();
        Assert.Equal(0, _board.Pixel(9, 16 + 13));
    }

    [Fact]
    public void Characters_with_the_blink_attribute_vanish_for_half_of_64_pictures_and_are_bright_when_blinking_is_off()
    {
        _board.Adapter.ShowTextScreen();
        _board.Set(0x3d4, 0x0a, 0x20);
        // A full block: grey on blue, blinking; the same without.
        _board.Memory.Write(0xb_8000, 4, 0x17db_97db);
        foreach ((int picture, int expected) in ((int, int)[])[(0, 0xaaaaaa), (31, 0xaaaaaa), (32, 0x0000aa), (63, 0x0000aa), (64, 0xaaaaaa)])
        {
            _board.Clock.AdvanceTo(picture * 14_300_000L);
            _board.Draw();
            Assert.Equal(expected, _board.Pixel(4, 8));
            Assert.Equal(0xaaaaaa, _board.Pixel(9 + 4, 8));
        }

        // Bit 3 of the mode control register off: bit 7 is the background's intensity, and nothing blinks.
        _board.SetAttribute(0x10, 0x04);
        _board.Memory.Write(0xb_8000, 4, 0x1720_9720);
        _board.Clock.AdvanceTo(100 * 14_300_000L);
        _board.Draw();
        Assert.Equal(0x5555ff, _board.Pixel(4, 8));
        Assert.Equal(0x0000aa, _board.Pixel(9 + 4, 8));
    }

    [Theory]
    [InlineData(8, 0)]
    [InlineData(0, 1)]
    [InlineData(3, 4)]
    [InlineData(7, 8)]
    public void Text_of_nine_columns_pans_by_pixels_with_8_for_none(int value, int shift)
    {
        _board.Adapter.ShowTextScreen();
        _board.Set(0x3d4, 0x0a, 0x20);
        // A block between spaces on blue; the block's ninth column is drawn as the eighth.
        WriteText(0, 0, "\0\0\0\0", 0x17);
        _board.Memory.Write(0xb_8002, 1, 0xdb);
        _board.SetAttribute(0x13, value);
        _board.Draw();
        int[] line = Enumerable.Range(0, 27).Select(x => _board.Pixel(x, 5)).ToArray();
        Assert.Equal([.. Enumerable.Range(0, 27).Select(x => x + shift is >= 9 and < 18 ? 0xaaaaaa : 0x0000aa)], line);
    }

    [Fact]
    public void Text_scrolls_smoothly_down_to_the_split_line_by_start_address_and_preset_row()
    {
        _board.Adapter.ShowTextScreen();
        _board.Set(0x3d4, 0x0a, 0x20);
        for (int row = 0; row < 26; row++)
        {
            // Blocks in a colour for each row, over the whole height of their cells.
            _board.Memory.Write(0xb_8000 + (ulong)(160 * row), 2, 0x00db | (uint)((row % 7) + 1) << 8);
        }

        // Row 1 is the first, less its upper five lines; from line 320 on the memory's beginning is shown.
        _board.Set(0x3d4, 0x0d, 80);
        _board.Set(0x3d4, 0x08, 5);
        _board.Set(0x3d4, 0x11, 0);
        _board.Set(0x3d4, 0x18, 319 & 0xff);
        _board.Set(0x3d4, 0x07, 0x1f);
        _board.Set(0x3d4, 0x09, 0x0f);
        _board.Draw();
        int[] colors = [0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa];
        for (int y = 0; y < 400; y++)
        {
            int row = y < 320 ? 1 + ((y + 5) / 16) : (y - 320) / 16;
            Assert.True(colors[row % 7] == _board.Pixel(2, y), $"line {y}");
        }
    }

    [Fact]
    public void Line_drawing_characters_reach_the_ninth_column_and_others_do_not()
    {
        _board.Adapter.ShowTextScreen();
        _board.Set(0x3d4, 0x0a, 0x20);
        _board.Memory.Write(0xb_8000, 4, 0x07db_07c4);
        _board.Draw();
        Assert.Contains(0xaaaaaa, Enumerable.Range(0, 16).Select(y => _board.Pixel(8, y)));
        _board.Memory.Write(0xb_8000, 2, 0x072d);
        _board.Draw();
        Assert.DoesNotContain(0xaaaaaa, Enumerable.Range(0, 16).Select(y => _board.Pixel(8, y)));
    }

    [Fact]
    public void A_second_font_is_chosen_by_attribute_bit_3()
    {
        _board.Adapter.ShowTextScreen();
        // Character map A (for bright characters) at 4000h of plane 2; a full block for the letter A there.
        _board.Set(0x3c4, 2, 4);
        _board.Set(0x3c4, 4, 6);
        _board.Set(0x3ce, 5, 0);
        _board.Set(0x3ce, 6, 4);
        for (ulong line = 0; line < 16; line++)
        {
            _board.Memory.Write(0xa_4000 + (32 * 'A') + line, 1, 0xff);
        }

        _board.Set(0x3c4, 2, 3);
        _board.Set(0x3c4, 4, 2);
        _board.Set(0x3ce, 5, 0x10);
        _board.Set(0x3ce, 6, 0x0e);
        _board.Set(0x3c4, 3, 0x04);
        WriteText(0, 0, "A", 0x0f);
        WriteText(1, 0, "A", 0x07);
        _board.Draw();
        Assert.All(Enumerable.Range(0, 16 * 8), i => Assert.Equal(0xffffff, _board.Pixel(i % 8, i / 8)));
        Assert.Contains(0, Enumerable.Range(0, 16 * 8).Select(i => _board.Pixel(9 + (i % 8), i / 8)));
    }

    [Fact]
    public void Protected_timing_registers_keep_their_values_except_the_line_compare_bit()
    {
        _board.Out(0x3c2, 1);
        _board.Set(0x3d4, 0x11, 0x80);
        _board.Set(0x3d4, 0, 0x55);
        _board.Set(0x3d4, 7, 0xff);
        Assert.Equal(0, _board.Get(0x3d4, 0));
        Assert.Equal(0x10, _board.Get(0x3d4, 7));
        _board.Set(0x3d4, 0x11, 0);
        _board.Set(0x3d4, 0, 0x55);
        Assert.Equal(0x55, _board.Get(0x3d4, 0));
    }

    [Fact]
    public void The_controller_answers_at_monochrome_or_at_colour_addresses()
    {
        _board.Out(0x3c2, 0);
        _board.Set(0x3b4, 0x0c, 0x12);
        Assert.Equal(0xff, _board.In(0x3d5));
        _board.Out(0x3c2, 1);
        Assert.Equal(0x12, _board.Get(0x3d4, 0x0c));
        Assert.Equal(0xff, _board.In(0x3b5));
    }

    [Fact]
    public void Palette_reads_and_writes_have_an_index_each()
    {
        _board.SetColor(5, 1, 2, 3);
        _board.SetColor(6, 0x7f, 5, 6);
        Assert.Equal(0, _board.In(0x3c7));
        _board.Out(0x3c7, 5);
        Assert.Equal(3, _board.In(0x3c7));
        Assert.Equal([1, 2, 3, 0x3f, 5, 6], Enumerable.Range(0, 6).Select(_ => (int)_board.In(0x3c9)));
    }

    [Theory]
    [InlineData(0x00, 0xff, 0, 0x5a, 0x5a5a5a5au)]   // mode 0: the byte in all planes
    [InlineData(0x00, 0x0f, 0, 0x5a, 0x3a2a1a0au)]   // bit mask: the upper half from the latches
    [InlineData(0x00, 0xff, 4, 0x5a, 0xa5a5a5a5u)]   // rotated by 4
    [InlineData(0x02, 0xff, 0, 0x05, 0x00ff00ffu)]   // mode 2: a bit for each plane
    [InlineData(0x00, 0xff, 0x18, 0xff, 0xcfdfeffeu)] // exclusive or with the latches
    [InlineData(0x00, 0xff, 0x08, 0x0f, 0x00000001u)] // and
    [InlineData(0x00, 0xff, 0x10, 0x0f, 0x3f2f1f0fu)] // or
    [InlineData(0x01, 0xff, 0, 0x77, 0x30201001u)]   // mode 1: the latches
    public void Write_modes_do_what_the_graphics_controller_describes(int mode, int mask, int rotate, int value, uint expected)
    {
        _board.SetMode12();
        uint[] latches = [0x01, 0x10, 0x20, 0x30];
        WritePlanes(0x100, latches);
        _board.Set(0x3ce, 5, mode);
        _board.Set(0x3ce, 8, mask);
        _board.Set(0x3ce, 3, rotate);
        _board.Memory.Read(0xa_0100, 1);
        _board.Memory.Write(0xa_0200, 1, (ulong)value);
        Assert.Equal(expected, ReadPlanes(0x200));
    }

    [Fact]
    public void Write_mode_3_masks_the_set_reset_colour_with_the_data()
    {
        _board.SetMode12();
        WritePlanes(0x100, [0x11, 0x22, 0x44, 0x88]);
        _board.Set(0x3ce, 5, 3);
        _board.Set(0x3ce, 0, 0x05);
        _board.Set(0x3ce, 8, 0xf0);
        _board.Memory.Read(0xa_0100, 1);
        _board.Memory.Write(0xa_0100, 1, 0x3c);
        Assert.Equal(0x88740231u, ReadPlanes(0x100));
    }

    [Fact]
    public void Set_reset_replaces_the_planes_that_are_enabled()
    {
        _board.SetMode12();
        _board.Set(0x3ce, 0, 0x02);
        _board.Set(0x3ce, 1, 0x03);
        _board.Memory.Write(0xa_0000, 1, 0x3c);
        Assert.Equal(0x3c3cff00u, ReadPlanes(0));
    }

    [Fact]
    public void Read_mode_1_compares_colours()
    {
        _board.SetMode12();
        WritePlanes(0, [0xf0, 0xcc, 0xaa, 0xff]);
        _board.Set(0x3ce, 5, 8);
        _board.Set(0x3ce, 2, 0x0b);
        _board.Set(0x3ce, 7, 0x0f);
        // Planes 0, 1 and 3 set, plane 2 not: bits 7:4 and 1100 1100 and not 1010 1010.
        Assert.Equal(0x40u, _board.Memory.Read(0xa_0000, 1));
        _board.Set(0x3ce, 7, 0x00);
        Assert.Equal(0xffu, _board.Memory.Read(0xa_0000, 1));
    }

    [Fact]
    public void Sixteen_colours_come_from_four_planes_through_the_attribute_palette()
    {
        _board.SetMode12();
        _board.Set(0x3c4, 2, 0x0a);
        _board.Memory.Write(0xa_0000 + 80, 1, 0x80);
        _board.Draw();
        Assert.Equal((640, 480), (_board.Picture.Width, _board.Picture.Height));
        Assert.Equal(0x55ff55, _board.Pixel(0, 1));
        Assert.Equal(0, _board.Pixel(1, 1));
        Assert.Equal(0, _board.Pixel(0, 0));
    }

    [Fact]
    public void The_split_line_shows_the_memory_s_beginning_and_panning_stops_there()
    {
        _board.SetMode12();
        _board.Memory.Write(0xa_0000, 1, 0xff);
        _board.Memory.Write(0xa_8000, 1, 0x0f);
        _board.Set(0x3d4, 0x0c, 0x80);
        // Line compare 99: bits 8 and 9 in two other registers.
        _board.Set(0x3d4, 0x18, 99);
        _board.Set(0x3d4, 0x07, 0x2e);
        _board.Set(0x3d4, 0x09, 0x00);
        _board.SetAttribute(0x13, 4);
        _board.SetAttribute(0x10, 0x21);
        _board.Draw();
        Assert.Equal(0xffffff, _board.Pixel(0, 0));
        Assert.Equal(0, _board.Pixel(4, 0));
        Assert.Equal(0xffffff, _board.Pixel(0, 100));
        Assert.Equal(0xffffff, _board.Pixel(7, 100));
        Assert.Equal(0, _board.Pixel(0, 99));
    }

    [Fact]
    public void Mode_13h_is_320_by_200_and_its_window_is_plain_memory()
    {
        _board.SetMode13();
        unsafe
        {
            Assert.True(_board.Memory.FindRamPage(0xa_0000, out _, out _) != null);
        }

        _board.Memory.Write(0xa_0000 + (320 * 100) + 50, 1, 200);
        _board.Draw();
        Assert.Equal((320, 200), (_board.Picture.Width, _board.Picture.Height));
        Assert.Equal(Color(200), _board.Pixel(50, 100));
        _board.Set(0x3ce, 8, 0x0f);
        unsafe
        {
            Assert.True(_board.Memory.FindRamPage(0xa_0000, out _, out _) == null);
        }
    }

    [Fact]
    public void Mode_X_reaches_each_pixel_through_its_plane_and_shows_240_lines()
    {
        _board.SetMode13();
        _board.Set(0x3c4, 4, 0x06);
        _board.Set(0x3d4, 0x14, 0x00);
        _board.Set(0x3d4, 0x17, 0xe3);
        _board.Set(0x3d4, 0x07, 0x3e);
        _board.Set(0x3d4, 0x12, 0xdf);
        for (int plane = 0; plane < 4; plane++)
        {
            _board.Set(0x3c4, 2, 1 << plane);
            _board.Memory.Write(0xa_0000 + (80 * 239) + 79, 1, (ulong)(10 + plane));
        }

        _board.Draw();
        Assert.Equal((320, 240), (_board.Picture.Width, _board.Picture.Height));
        Assert.Equal([Color(10), Color(11), Color(12), Color(13)], _board.Picture.Line(239)[316..].ToArray());
    }

    [Fact]
    public void CGA_graphics_read_pairs_of_bits_from_two_banks()
    {
        _board.SetMode13();
        _board.Set(0x3c4, 1, 0x09);
        _board.Set(0x3c4, 2, 0x03);
        _board.Set(0x3c4, 4, 0x02);
        _board.Set(0x3d4, 0x01, 0x27);
        _board.Set(0x3d4, 0x09, 0xc1);
        _board.Set(0x3d4, 0x13, 0x14);
        _board.Set(0x3d4, 0x14, 0x00);
        _board.Set(0x3d4, 0x17, 0xa2);
        _board.Set(0x3ce, 5, 0x30);
        _board.Set(0x3ce, 6, 0x0f);
        _board.SetAttribute(0x10, 1);
        _board.SetAttribute(0x12, 3);
        _board.Memory.Write(0xb_8000, 2, 0x001b);
        _board.Memory.Write(0xb_a000, 2, 0xc000);
        _board.Draw();
        Assert.Equal((320, 200), (_board.Picture.Width, _board.Picture.Height));
        int[] colors = Enumerable.Range(0, 4).Select(Color).ToArray();
        Assert.Equal(colors, _board.Picture.Line(0)[..4].ToArray());
        Assert.Equal(colors[3], _board.Pixel(4, 1));
        Assert.Equal(colors[0], _board.Pixel(0, 1));
    }

    [Fact]
    public void The_beam_retraces_once_a_picture_for_two_lines_and_shows_400_of_449()
    {
        _board.Adapter.ShowTextScreen();
        const int Samples = 449 * 20;
        long line = 100 * 9 * 1_000_000_000L / 28_322_000;
        int retrace = 0;
        int starts = 0;
        int shown = 0;
        bool before = false;
        for (int i = 0; i < Samples; i++)
        {
            _board.Clock.AdvanceTo(i * line / 20);
            byte status = _board.In(0x3da);
            bool now = (status & 8) != 0;
            starts += now && !before ? 1 : 0;
            before = now;
            retrace += now ? 1 : 0;
            shown += (status & 1) == 0 ? 1 : 0;
        }

        Assert.Equal(1, starts);
        Assert.Equal(40, retrace);
        Assert.InRange(shown, 400 * 15, 400 * 17);
    }

    private void WriteText(int column, int row, string text, int attribute)
    {
        for (int i = 0; i < text.Length; i++)
        {
            _board.Memory.Write(0xb_8000 + (ulong)(2 * ((80 * row) + column + i)), 2, text[i] | ((uint)attribute << 8));
        }
    }

    private void WritePlanes(ulong address, ReadOnlySpan<uint> values)
    {
        for (int plane = 0; plane < 4; plane++)
        {
            _board.Set(0x3c4, 2, 1 << plane);
            _board.Memory.Write(0xa_0000 + address, 1, values[plane]);
        }

        _board.Set(0x3c4, 2, 15);
    }

    private uint ReadPlanes(ulong address)
    {
        uint value = 0;
        _board.Set(0x3ce, 5, 0);
        for (int plane = 0; plane < 4; plane++)
        {
            _board.Set(0x3ce, 4, plane);
            value |= (uint)_board.Memory.Read(0xa_0000 + address, 1) << (8 * plane);
        }

        return value;
    }

    private static int Color(int index)
    {
        static int Widen(int value) => ((value << 2) | (value >> 4)) & 0xff;
        return (Widen(index & 63) << 16) | (Widen(index >> 2) << 8) | Widen(63 - (index & 63));
    }
}
