using System;
using System.Text;
using Sosia.Devices.Dma8237;
using Sosia.Devices.Sound;
using Sosia.Devices.Sound.Sb16;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Sound;

public sealed class Sb16Tests
{
    private const int Base = 0x220;
    private const int Irq = 5;
    private const uint Data = 0x2_0000;
    private const long Millisecond = 1_000_000;

    [Fact]
    public void The_DSP_answers_a_reset_and_says_its_version()
    {
        using var board = new Board();
        board.Command(0xe1);
        Assert.Equal((4, 5), (board.Answer(), board.Answer()));
        board.Command(0xe0, 0x5a);
        Assert.Equal(0xa5, board.Answer());
        board.Command(0xe4, 0x77);
        board.Command(0xe8);
        Assert.Equal(0x77, board.Answer());
        board.Command(0xe3);
        var text = new StringBuilder();
        while ((board.Test.In(Base + 0xe) & 0x80) != 0)
        {
            text.Append((char)board.Test.In(Base + 0xa));
        }

        Assert.StartsWith("COPYRIGHT (C) CREATIVE", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_mixer_says_which_interrupt_and_DMA_channels_there_are()
    {
        using var board = new Board();
        Assert.Equal(0x02, board.Mixer(0x80) & 0x0f);
        Assert.Equal(0x22, board.Mixer(0x81));
        board.SetMixer(0x22, 0xf7);
        Assert.Equal((0xf0, 0x70), (board.Mixer(0x30) & 0xf0, board.Mixer(0x31) & 0xf0));
    }

    [Fact]
    public void An_interrupt_that_is_asked_for_comes_and_is_acknowledged()
    {
        using var board = new Board();
        board.Command(0xf2);
        Assert.True(board.Test.Irqs[Irq]);
        Assert.Equal(1, board.Mixer(0x82) & 7);
        board.Test.In(Base + 0xe);
        Assert.False(board.Test.Irqs[Irq]);
        board.Command(0xf3);
        Assert.Equal(2, board.Mixer(0x82) & 7);
        board.Test.In(Base + 0xf);
        Assert.False(board.Test.Irqs[Irq]);
    }

    [Fact]
    public void Bytes_of_a_single_cycle_are_played_once()
    {
        using var board = new Board();
        board.FillBytes(500, 10_000, 5_000);
        board.ProgramByteDma(5_000, isAuto: false);
        board.Command(0x40, 256 - 100);
        board.Command(0xd1);
        board.Command(0x14, 4_999 & 0xff, 4_999 >> 8);
        board.Test.Advance(499 * Millisecond);
        Assert.False(board.Test.Irqs[Irq]);
        board.Test.Advance(2 * Millisecond);
        Assert.True(board.Test.Irqs[Irq]);
        Assert.Equal(500, RecordingSound.Strongest(board.Sound.Left, 480, 9_600));
        board.Test.Advance(20 * Millisecond);
        Assert.InRange(board.Sound.Left.Count, 24_000, 24_500);
    }

    [Fact]
    public void Words_go_round_and_round_in_two_channels_until_told_to_end()
    {
        using var board = new Board();
        board.FillWords(700, 1_400, 22_050, 4_410);
        board.ProgramWordDma(2 * 4_410, isAuto: true);
        board.Command(0x41, 22_050 >> 8, 22_050 & 0xff);
        board.SetMixer(0x30, 0xff);
        board.SetMixer(0x31, 0xff);
        board.SetMixer(0x32, 0xff);
        board.SetMixer(0x33, 0xff);
        board.Command(0xb6, 0x30, (2 * 4_410 - 1) & 0xff, (2 * 4_410 - 1) >> 8);
        for (int i = 0; i < 3; i++)
        {
            board.Test.Advance(200 * Millisecond);
            Assert.Equal(2, board.Mixer(0x82) & 7);
            board.Test.In(Base + 0xf);
        }

        board.Command(0xd9);
        board.Test.Advance(300 * Millisecond);
        Assert.Equal(700, RecordingSound.Strongest(board.Sound.Left, 480, 24_000));
        Assert.Equal(1_400, RecordingSound.Strongest(board.Sound.Right, 480, 24_000));
        Assert.InRange(RecordingSound.Amplitude(board.Sound.Left, 480, 24_000, 700), 7_000, 8_300);
        Assert.InRange(board.Sound.Left.Count, 4 * 9_600 - 10, (4 * 9_600) + 600);
    }

    [Fact]
    public void A_card_that_is_held_does_not_move_data()
    {
        using var board = new Board();
        board.FillBytes(500, 10_000, 5_000);
        board.ProgramByteDma(5_000, isAuto: true);
        board.Command(0x41, 10_000 >> 8, 10_000 & 0xff);
        board.Command(0xc6, 0x00, 4_999 & 0xff, 4_999 >> 8);
        board.Test.Advance(100 * Millisecond);
        board.Command(0xd0);
        int left = board.DmaCount();
        board.Test.Advance(100 * Millisecond);
        Assert.Equal(left, board.DmaCount());
        board.Command(0xd4);
        board.Test.Advance(100 * Millisecond);
        Assert.Equal(left - 1_000, board.DmaCount());
    }

    [Fact]
    public void Drivers_find_an_OPL3_by_its_timers()
    {
        using var board = new Board();
        board.Opl(4, 0x60);
        board.Opl(4, 0x80);
        Assert.Equal(0, board.Test.In(0x388) & 0xe0);
        board.Opl(2, 0xff);
        board.Opl(4, 0x21);
        board.Test.Advance(79_000);
        Assert.Equal(0, board.Test.In(0x388) & 0xe0);
        board.Test.Advance(2_000);
        Assert.Equal(0xc0, board.Test.In(0x388) & 0xe0);
        Assert.Equal(0, board.Test.In(0x388) & 6);
        board.Opl(4, 0x60);
        board.Opl(4, 0x80);
        Assert.Equal(0, board.Test.In(0x388) & 0xe0);
    }

    [Fact]
    public void A_card_that_is_saved_and_restored_while_it_plays_sounds_the_same()
    {
        using var whole = new Board();
        using var first = new Board();
        using var second = new Board();
        foreach (Board board in (Board[])[whole, first, second])
        {
            board.FillBytes(500, 10_000, 5_000);
        }

        foreach (Board board in (Board[])[whole, first])
        {
            board.ProgramByteDma(5_000, isAuto: true);
            board.Command(0x41, 10_000 >> 8, 10_000 & 0xff);
            board.Command(0xc6, 0x00, 999 & 0xff, 999 >> 8);
        }

        whole.Test.Advance(450 * Millisecond);
        first.Test.Advance(123_456_789);
        second.Test.Clock.Restore(first.Test.Clock.NowNanoseconds);
        TestBoard.Transfer(first.Dma, second.Dma);
        TestBoard.Transfer(first.Output, second.Output);
        TestBoard.Transfer(first.Card, second.Card);
        second.Test.AdvanceTo(whole.Test.Clock.NowNanoseconds);
        Assert.Equal(whole.Sound.Left, [.. first.Sound.Left, .. second.Sound.Left]);
        Assert.Equal(whole.DmaCount(), second.DmaCount());
    }

    private sealed class Board : IDisposable
    {
        public Board()
        {
            Test.Memory.MapRam(0, 0, Test.Ram.ByteCount);
            Dma = new DmaControllers(Test.Memory, Test.Log);
            Dma.Map(Test.Ports);
            Dma.Reset();
            Dma.EnableCascade();
            Output = new SoundMixer(Test.Clock, Sound);
            Card = new Sb16Card(Test.Clock, Dma, Test.Irqs, Output, Test.Log);
            Card.Map(Test.Ports);
            Card.Reset();
            Test.Out(Base + 6, 1);
            Test.Out(Base + 6, 0);
            Assert.Equal(0x80, Test.In(Base + 0xe) & 0x80);
            Assert.Equal(0xaa, Test.In(Base + 0xa));
        }

        public TestBoard Test { get; } = new();

        public RecordingSound Sound { get; } = new();

        public DmaControllers Dma { get; }

        public SoundMixer Output { get; }

        public Sb16Card Card { get; }

        public void Command(params int[] bytes)
        {
            foreach (int value in bytes)
            {
                Assert.True(System.Threading.SpinWait.SpinUntil(() => (Test.In(Base + 0xc) & 0x80) == 0, 1000));
                Test.Out(Base + 0xc, value);
            }
        }

        public int Answer()
        {
            Assert.Equal(0x80, Test.In(Base + 0xe) & 0x80);
            return Test.In(Base + 0xa);
        }

        public int Mixer(int register)
        {
            Test.Out(Base + 4, register);
            return Test.In(Base + 5);
        }

        public void SetMixer(int register, int value)
        {
            Test.Out(Base + 4, register);
            Test.Out(Base + 5, value);
        }

        public void Opl(int register, int value)
        {
            Test.Out(0x388, register);
            Test.Out(0x389, value);
        }

        public int DmaCount()
        {
            Test.Out(0x0c, 0);
            // The card has moved what was due.
            Test.In(Base + 0xc);
            return Test.In(0x03) | (Test.In(0x03) << 8);
        }

        public void FillBytes(int hertz, int rate, int count)
        {
            for (int i = 0; i < count; i++)
            {
                Test.Memory.Write(Data + (ulong)i, 1, (byte)(128 + (100 * Math.Sin(2 * Math.PI * hertz * i / rate))));
            }
        }

        public void FillWords(int left, int right, int rate, int count)
        {
            for (int i = 0; i < count; i++)
            {
                ushort one = (ushort)(short)(8_000 * Math.Sin(2 * Math.PI * left * i / rate));
                ushort two = (ushort)(short)(8_000 * Math.Sin(2 * Math.PI * right * i / rate));
                Test.Memory.Write(Data + (4 * (ulong)i), 4, one | ((uint)two << 16));
            }
        }

        public void ProgramByteDma(int count, bool isAuto)
        {
            Test.Out(0x0a, 5);
            Test.Out(0x0c, 0);
            Test.Out(0x0b, isAuto ? 0x59 : 0x49);
            Test.Out(0x02, 0);
            Test.Out(0x02, 0);
            Test.Out(0x83, (int)(Data >> 16));
            Test.Out(0x03, (count - 1) & 0xff);
            Test.Out(0x03, (count - 1) >> 8);
            Test.Out(0x0a, 1);
        }

        public void ProgramWordDma(int count, bool isAuto)
        {
            Test.Out(0xd4, 5);
            Test.Out(0xd8, 0);
            Test.Out(0xd6, isAuto ? 0x59 : 0x49);
            Test.Out(0xc4, 0);
            Test.Out(0xc4, 0);
            Test.Out(0x8b, (int)(Data >> 16));
            Test.Out(0xc6, (count - 1) & 0xff);
            Test.Out(0xc6, (count - 1) >> 8);
            Test.Out(0xd4, 1);
        }

        public void Dispose() => Test.Dispose();
    }
}
