using System;
using Xunit;

namespace Sosia.Devices.Tests.Vga;

public sealed class VgaSnapshotTests
{
    [Fact]
    public void A_restored_adapter_goes_on_in_the_middle_of_a_colour_and_of_an_attribute()
    {
        using var board = new VgaBoard();
        board.SetMode12();
        board.Out(0x3c8, 7);
        board.Out(0x3c9, 1);
        board.Out(0x3c9, 2);
        board.In(0x3da);
        board.Out(0x3c0, 3);
        using var other = new VgaBoard();
        board.CopyTo(other);
        foreach (VgaBoard each in (VgaBoard[])[board, other])
        {
            each.Out(0x3c9, 3);
            each.Out(0x3c0, 9);
            each.Out(0x3c7, 7);
            Assert.Equal((1, 2, 3), (each.In(0x3c9), each.In(0x3c9), each.In(0x3c9)));
            each.In(0x3da);
            each.Out(0x3c0, 3);
            Assert.Equal(9, each.In(0x3c1));
        }
    }

    [Fact]
    public void A_restored_adapter_shows_the_same_picture_through_the_same_window()
    {
        using var board = new VgaBoard();
        board.SetMode13();
        board.Memory.Write(0xa_0000, 4, 0x0102_0304);
        board.Draw();
        using var other = new VgaBoard();
        other.Draw();
        board.CopyTo(other);
        other.Draw();
        Assert.Equal(board.Picture.Pixels.ToArray(), other.Picture.Pixels.ToArray());
        other.Memory.Write(0xa_0004, 1, 200);
        other.Draw();
        Assert.NotEqual(board.Pixel(4, 0), other.Pixel(4, 0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_registers_are_drawn_in_bounded_time_and_a_restored_adapter_has_the_same_history(int seed)
    {
        ulong straight = Run(seed, copyEvery: 0);
        Assert.Equal(straight, Run(seed, copyEvery: 401));
    }

    private static ulong Run(int seed, int copyEvery)
    {
        var random = new Random(seed);
        var board = new VgaBoard();
        ulong digest = 14695981039346656037;
        board.SetMode12();
        for (int i = 1; i <= 2000; i++)
        {
            Step(random, board, ref digest);
            if (i % 40 == 0)
            {
                board.Draw();
                foreach (int pixel in board.Picture.Pixels[..Math.Min(2000, board.Picture.Pixels.Length)])
                {
                    digest = (digest ^ (uint)pixel) * 1099511628211;
                }

                digest = (digest ^ (ulong)(board.Adapter.ReadText()?.ToString().Length ?? 1)) * 1099511628211;
            }

            if (copyEvery != 0 && i % copyEvery == 0)
            {
                var next = new VgaBoard();
                board.CopyTo(next);
                board.Dispose();
                board = next;
            }
        }

        board.Dispose();
        return digest;
    }

    private static void Step(Random random, VgaBoard board, ref ulong digest)
    {
        ulong value = 0;
        switch (random.Next(10))
        {
            case < 4:
                board.Ports.Write((ushort)(0x3b0 + random.Next(0x30)), 1 << random.Next(2), (uint)random.Next(0x1_0000));
                break;
            case 4:
                value = board.Ports.Read((ushort)(0x3b0 + random.Next(0x30)), 1 << random.Next(2));
                break;
            case 5:
                int register = random.Next(12);
                board.Dispi(register, register is 4 ? random.Next(4) == 0 ? 0 : random.Next(256) : random.Next(random.Next(2) == 0 ? 0x1_0000 : 40));
                break;
            case 6:
                board.Memory.Write(0xa_0000 + (ulong)random.Next(0x1_fff8), 1 << random.Next(4), (ulong)random.NextInt64());
                break;
            case 7:
                value = board.Memory.Read(0xa_0000 + (ulong)random.Next(0x1_fff8), 1 << random.Next(4));
                break;
            case 8:
                board.Clock.AdvanceTo(board.Clock.NowNanoseconds + random.Next(10_000_000));
                break;
            default:
                board.Memory.Write(VgaBoard.Registers + (ulong)random.Next(0xff8), 1 << random.Next(4), (ulong)random.NextInt64());
                break;
        }

        digest = (digest ^ value) * 1099511628211;
    }
}
