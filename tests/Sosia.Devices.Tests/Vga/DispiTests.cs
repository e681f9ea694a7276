using System;
using System.Linq;
using Sosia.Devices.Pci;
using Sosia.Devices.Screen;
using Xunit;

namespace Sosia.Devices.Tests.Vga;

public sealed class DispiTests : IDisposable
{
    private readonly VgaBoard _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Drivers_find_the_extension_its_limits_and_its_memory()
    {
        Assert.Equal(0xb0c5, _board.Dispi(0));
        _board.Dispi(0, 0xb0c2);
        Assert.Equal(0xb0c2, _board.Dispi(0));
        _board.Dispi(4, 2);
        Assert.Equal((2560, 1600, 32), (_board.Dispi(1), _board.Dispi(2), _board.Dispi(3)));
        Assert.Equal(16 << 4, _board.Dispi(10));
        // The same registers in memory.
        Assert.Equal(0xb0c2u, _board.Memory.Read(VgaBoard.Registers + 0x500, 2));
    }

    [Theory]
    [InlineData(8, 0x12u, 0x040404)]
    [InlineData(15, 0x7c1fu, 0xff00ff)]
    [InlineData(16, 0x07e0u, 0x00ff00)]
    [InlineData(24, 0x123456u, 0x123456)]
    [InlineData(32, 0xee123456u, 0x123456)]
    public void Linear_modes_show_the_frame_buffer(int bits, uint value, int expected)
    {
        _board.SetColor(0x12, 1, 1, 1);
        _board.SetLinearMode(1920, 1080, bits);
        int pixelByteCount = (bits + 7) / 8;
        ulong address = VgaBoard.FrameBuffer + (ulong)(((1079 * 1920) + 1918) * pixelByteCount);
        for (int i = 0; i < pixelByteCount; i++)
        {
            _board.Memory.Write(address + (ulong)i, 1, (byte)(value >> (8 * i)));
        }

        _board.Draw();
        Assert.Equal((1920, 1080), (_board.Picture.Width, _board.Picture.Height));
        Assert.Equal(expected, _board.Pixel(1918, 1079));
    }

    [Fact]
    public void A_write_to_the_frame_buffer_changes_only_its_tile()
    {
        _board.SetLinearMode(1024, 768, 32);
        _board.Draw();
        Assert.Empty(_board.Draw());
        _board.Memory.Write(VgaBoard.FrameBuffer + (4 * ((500 * 1024) + 700)), 4, 0xffffff);
        Assert.Equal([new ScreenRectangle(640, 496, 64, 16)], _board.Draw());
        Assert.False(_board.Adapter.Capture());
    }

    [Fact]
    public void The_picture_is_a_part_of_a_larger_virtual_screen()
    {
        _board.SetLinearMode(640, 480, 32);
        _board.Dispi(6, 1000);
        Assert.Equal((16 << 20) / 4000, _board.Dispi(7));
        _board.Dispi(8, 100);
        _board.Dispi(9, 50);
        _board.Memory.Write(VgaBoard.FrameBuffer + (4 * ((60 * 1000) + 107)), 4, 0x00ff00);
        _board.Draw();
        Assert.Equal(0x00ff00, _board.Pixel(7, 10));
    }

    [Fact]
    public void Banks_show_64_KiB_of_the_memory_in_the_old_window()
    {
        _board.SetLinearMode(640, 480, 8);
        _board.Dispi(5, 3);
        _board.Memory.Write(0xa_1234, 1, 0x77);
        Assert.Equal(0x77u, _board.Memory.Read(VgaBoard.FrameBuffer + 0x3_1234, 1));
        _board.Dispi(5, 4);
        Assert.Equal(0u, _board.Memory.Read(0xa_1234, 1));
    }

    [Fact]
    public void Enabling_clears_the_memory_unless_it_is_told_not_to()
    {
        _board.Memory.Write(VgaBoard.FrameBuffer + 100, 1, 1);
        _board.SetLinearMode(640, 480, 8);
        Assert.Equal(0u, _board.Memory.Read(VgaBoard.FrameBuffer + 100, 1));
        _board.Memory.Write(VgaBoard.FrameBuffer + 100, 1, 1);
        _board.Dispi(4, 0);
        _board.Dispi(4, 0xc1);
        Assert.Equal(1u, _board.Memory.Read(VgaBoard.FrameBuffer + 100, 1));
    }

    [Fact]
    public void Sixteen_colours_work_beyond_the_VGA_s_own_sizes()
    {
        _board.SetMode12();
        _board.SetLinearMode(800, 600, 4);
        _board.Set(0x3c4, 2, 0x0f);
        _board.Memory.Write(0xa_0000 + 100, 1, 0x80);
        _board.Draw();
        Assert.Equal((800, 600), (_board.Picture.Width, _board.Picture.Height));
        Assert.Equal(0xffffff, _board.Pixel(0, 1));
    }

    [Fact]
    public void Switching_the_extension_off_shows_the_VGA_s_mode_again()
    {
        _board.Adapter.ShowTextScreen();
        _board.SetLinearMode(800, 600, 32);
        _board.Draw();
        _board.Dispi(4, 0);
        _board.Draw();
        Assert.Equal((720, 400), (_board.Picture.Width, _board.Picture.Height));
    }

    [Fact]
    public void The_option_ROM_appears_where_its_register_says()
    {
        byte[] rom = Enumerable.Range(0, 40_000).Select(i => (byte)(i * 7)).ToArray();
        using var board = new VgaBoard(rom);
        board.Adapter.WriteConfiguration(0x30, 4, uint.MaxValue);
        Assert.Equal(0xffff_0001u, board.Adapter.ReadConfiguration(0x30, 4));
        board.Adapter.WriteConfiguration(0x30, 4, 0xfeb0_0001);
        Assert.Equal(rom[39_999], board.Memory.Read(0xfeb0_0000 + 39_999, 1));
        board.Memory.Write(0xfeb0_0000, 1, 0x55);
        Assert.Equal(rom[0], board.Memory.Read(0xfeb0_0000, 1));
        board.Adapter.WriteConfiguration(0x30, 4, 0xfeb0_0000);
        Assert.Equal(0xffu, board.Memory.Read(0xfeb0_0000, 1));
    }

    [Fact]
    public void The_frame_buffer_moves_with_its_register_and_never_onto_the_board_s_memory()
    {
        _board.Adapter.WriteConfiguration(0x10, 4, 0xc000_0000);
        _board.Memory.Write(0xc000_0000, 1, 9);
        _board.Adapter.WriteConfiguration(PciFunction.CommandOffset, 2, 0);
        Assert.Equal(0xffu, _board.Memory.Read(0xc000_0000, 1));
        _board.Adapter.WriteConfiguration(PciFunction.CommandOffset, 2, PciFunction.CommandMemory);
        Assert.Equal(9u, _board.Memory.Read(0xc000_0000, 1));
    }
}
