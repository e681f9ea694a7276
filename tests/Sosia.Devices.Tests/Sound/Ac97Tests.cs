using System;
using Sosia.Devices.Pci;
using Sosia.Devices.Sound;
using Sosia.Devices.Sound.Ac97;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Sound;

public sealed class Ac97Tests
{
    private const ushort Codec = 0xc000;
    private const ushort Master = 0xc400;
    private const ushort Output = Master + 0x10;
    private const ulong List = 0x1000;
    private const ulong Data = 0x10000;
    private const int BufferFrames = 2_400;
    private const long Millisecond = 1_000_000;

    [Fact]
    public void The_codec_says_what_it_is_and_that_it_is_ready()
    {
        using var board = new Board();
        Assert.Equal(0x100u, board.Test.Ports.Read(Master + 0x30, 4) & 0x100);
        Assert.Equal(0x8384u, board.Test.Ports.Read(Codec + 0x7c, 2));
        Assert.Equal(0x7600u, board.Test.Ports.Read(Codec + 0x7e, 2));
        Assert.Equal(0x000fu, board.Test.Ports.Read(Codec + 0x26, 2));
        board.Test.Ports.Write(Codec, 2, 0);
        Assert.Equal(0x8000u, board.Test.Ports.Read(Codec + 0x02, 2));
        Assert.Equal(1u, board.Test.Ports.Read(Codec + 0x28, 2) & 1);
    }

    [Theory]
    [InlineData(48_000)]
    [InlineData(44_100)]
    [InlineData(8_000)]
    public void A_list_of_buffers_is_played_at_its_rate(int rate)
    {
        using var board = new Board();
        board.SetRate(rate);
        board.Fill(600, rate);
        board.Start(last: 3);
        board.Test.Advance((4L * BufferFrames * 1_000_000_000 / rate) + Millisecond);
        int frames = (int)(4L * BufferFrames * SoundMixer.FramesPerSecond / rate);
        Assert.InRange(board.Sound.Left.Count, frames, frames + 300);
        Assert.Equal(600, RecordingSound.Strongest(board.Sound.Left, 200, 4_800));
        Assert.InRange(RecordingSound.Amplitude(board.Sound.Left, 200, 4_800, 600), 7_000, 8_300);
        Assert.InRange(RecordingSound.Amplitude(board.Sound.Right, 200, 4_800, 1200), 3_500, 4_200);
    }

    [Fact]
    public void Every_buffer_interrupts_and_the_last_one_halts()
    {
        using var board = new Board();
        board.Fill(600, 48_000);
        board.Start(last: 2);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal((uint)i, board.Test.Ports.Read(Output + 4, 1));
            Assert.False(board.Controller.ReadConfiguration(6, 2) is uint status && (status & 8) != 0);
            board.Test.Advance(50 * Millisecond);
            Assert.Equal(8u, board.Controller.ReadConfiguration(6, 2) & 8);
            Assert.Equal(0x40u, board.Test.Ports.Read(Master + 0x30, 4) & 0x40);
            Assert.Equal(8u, board.Test.Ports.Read(Output + 6, 2) & 8);
            board.Test.Ports.Write(Output + 6, 2, 0x1c);
        }

        Assert.Equal(3u, board.Test.Ports.Read(Output + 6, 2) & 3);
        Assert.Equal(2u, board.Test.Ports.Read(Output + 4, 1));
        Assert.Equal(0u, board.Test.Ports.Read(Output + 8, 2));

        // More buffers: it goes on by itself.
        board.Test.Ports.Write(Output + 5, 1, 4);
        Assert.Equal(0u, board.Test.Ports.Read(Output + 6, 2) & 3);
        Assert.Equal(3u, board.Test.Ports.Read(Output + 4, 1));
        board.Test.Advance(10 * Millisecond);
        Assert.Equal((uint)(2 * BufferFrames) - 960, board.Test.Ports.Read(Output + 8, 2));
    }

    [Fact]
    public void A_channel_that_is_held_goes_on_where_it_was()
    {
        using var board = new Board();
        board.Fill(600, 48_000);
        board.Start(last: 31);
        board.Test.Advance(20 * Millisecond);
        board.Test.Ports.Write(Output + 11, 1, 0x10);
        uint left = board.Test.Ports.Read(Output + 8, 2);
        board.Test.Advance(30 * Millisecond);
        Assert.Equal(left, board.Test.Ports.Read(Output + 8, 2));
        board.Test.Ports.Write(Output + 11, 1, 0x11);
        Assert.Equal(0u, board.Test.Ports.Read(Output + 4, 1));
        board.Test.Advance(10 * Millisecond);
        Assert.Equal(left - 960, board.Test.Ports.Read(Output + 8, 2));
    }

    [Fact]
    public void A_muted_codec_is_not_heard()
    {
        using var board = new Board();
        board.Test.Ports.Write(Codec + 0x02, 2, 0x8000);
        board.Fill(600, 48_000);
        board.Start(last: 1);
        board.Test.Advance(100 * Millisecond);
        Assert.NotEmpty(board.Sound.Left);
        Assert.All(board.Sound.Left, static sample => Assert.Equal(0, sample));
    }

    [Fact]
    public void The_input_takes_in_silence()
    {
        using var board = new Board();
        board.Fill(600, 48_000);
        board.Test.Ports.Write(Master, 4, (uint)List);
        board.Test.Ports.Write(Master + 5, 1, 0);
        board.Test.Ports.Write(Master + 11, 1, 0x11);
        board.Test.Advance(60 * Millisecond);
        Assert.Equal(0x20u, board.Test.Ports.Read(Master + 0x30, 4) & 0x20);
        byte[] data = new byte[4 * BufferFrames];
        board.Test.Memory.ReadBytes(Data, data);
        Assert.All(data, static value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_list_of_empty_buffers_ends()
    {
        using var board = new Board();
        board.Start(last: 31);
        board.Test.Advance(Millisecond);
        Assert.Equal(7u, board.Test.Ports.Read(Output + 6, 2) & 7);
        Assert.Equal(31u, board.Test.Ports.Read(Output + 4, 1));
    }

    [Fact]
    public void A_controller_that_is_saved_and_restored_while_it_plays_sounds_the_same()
    {
        using var whole = new Board();
        using var first = new Board();
        using var second = new Board();
        foreach (Board board in (Board[])[whole, first, second])
        {
            board.SetRate(44_100);
            board.Fill(600, 44_100);
        }

        whole.Start(last: 3);
        first.Start(last: 3);
        whole.Test.Advance(250 * Millisecond);
        first.Test.Advance(77_123_457);
        second.Test.Clock.Restore(first.Test.Clock.NowNanoseconds);
        TestBoard.Transfer(first.Pci, second.Pci);
        TestBoard.Transfer(first.Mixer, second.Mixer);
        TestBoard.Transfer(first.Controller, second.Controller);
        second.Test.AdvanceTo(whole.Test.Clock.NowNanoseconds);
        Assert.Equal(whole.Sound.Left, [.. first.Sound.Left, .. second.Sound.Left]);
        Assert.Equal(whole.Test.Ports.Read(Output + 4, 4), second.Test.Ports.Read(Output + 4, 4));
    }

    private sealed class Board : IDisposable
    {
        public Board()
        {
            Test.Memory.MapRam(0, 0, Test.Ram.ByteCount);
            Pci = new PciBus(Test.Memory, Test.Ports, null, Test.Log);
            Pci.Map();
            Mixer = new SoundMixer(Test.Clock, Sound);
            Controller = new Ac97Controller("ac97", Test.Clock, Test.Memory, Mixer);
            Pci.Add(Controller, 3);
            Controller.Reset();
            Controller.WriteConfiguration(0x10, 4, Codec);
            Controller.WriteConfiguration(0x14, 4, Master);
            Controller.WriteConfiguration(4, 2, 5);
            Test.Ports.Write(Master + 0x2c, 4, 2);
            Test.Ports.Write(Codec + 0x02, 2, 0);
            Test.Ports.Write(Codec + 0x18, 2, 0x0808);
        }

        public TestBoard Test { get; } = new();

        public PciBus Pci { get; }

        public RecordingSound Sound { get; } = new();

        public SoundMixer Mixer { get; }

        public Ac97Controller Controller { get; }

        public void SetRate(int rate)
        {
            Test.Ports.Write(Codec + 0x2a, 2, 1);
            Test.Ports.Write(Codec + 0x2c, 2, (uint)rate);
            Assert.Equal((uint)rate, Test.Ports.Read(Codec + 0x2c, 2));
        }

        /// <summary>Buffers of a tone on the left and its octave, more quietly, on the right.</summary>
        public void Fill(int hertz, int rate)
        {
            for (int i = 0; i < 32; i++)
            {
                Test.Memory.Write(List + (8 * (ulong)i), 4, (uint)Data + (uint)(i % 16 * BufferFrames * 4));
                Test.Memory.Write(List + (8 * (ulong)i) + 4, 4, 0x8000_0000 | (2 * BufferFrames));
            }

            for (int i = 0; i < 16 * BufferFrames; i++)
            {
                double angle = 2 * Math.PI * hertz * i / rate;
                ushort left = (ushort)(short)(8_000 * Math.Sin(angle));
                ushort right = (ushort)(short)(4_000 * Math.Sin(2 * angle));
                Test.Memory.Write(Data + (4 * (ulong)i), 4, left | ((uint)right << 16));
            }
        }

        public void Start(int last)
        {
            Test.Ports.Write(Output, 4, (uint)List);
            Test.Ports.Write(Output + 5, 1, (uint)last);
            Test.Ports.Write(Output + 11, 1, 0x15);
        }

        public void Dispose() => Test.Dispose();
    }
}
