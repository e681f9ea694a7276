using System;
using Sosia.Core.Time;
using Sosia.Devices.Pit8254;
using Sosia.Devices.Sound;
using Sosia.Devices.Sound.PcSpeaker;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Sound;

public sealed class SpeakerTests
{
    private const long Millisecond = 1_000_000;

    [Theory]
    [InlineData(2712, 440)]
    [InlineData(1193, 1000)]
    [InlineData(795, 1500)]
    public void Counter_2_in_mode_3_is_heard_at_its_frequency(int count, int hertz)
    {
        using var board = new Board();
        board.Play(count);
        board.Test.Advance(300 * Millisecond);
        board.Test.Out(0x61, 0);
        Assert.Equal(hertz, RecordingSound.Strongest(board.Sound.Left, 4_800, 9_600));
        // A square wave from 0 to 12000 has a first harmonic of 4/π of its half.
        Assert.InRange(RecordingSound.Amplitude(board.Sound.Left, 4_800, 9_600, hertz), 6_500, 8_000);
        Assert.Equal(board.Sound.Left, board.Sound.Right);
    }

    [Fact]
    public void After_the_tone_there_is_silence_and_nothing_to_do()
    {
        using var board = new Board();
        board.Play(1193);
        board.Test.Advance(50 * Millisecond);
        board.Test.Out(0x61, 0);
        board.Test.Advance(500 * Millisecond);
        Assert.Equal(MachineClock.Never, board.Test.Clock.NextDeadlineNanoseconds);
        Assert.InRange(board.Sound.Left[^1], -1, 1);
        Assert.InRange(board.Sound.Left.Count, 2_400, 24_000);
    }

    [Fact]
    public void Pulses_of_different_widths_are_samples_that_are_heard()
    {
        // A program that plays samples: every 60 µs a one-shot pulse (mode 0) whose width is the sample's.
        using var board = new Board();
        board.Test.Out(0x43, 0x90);
        board.Test.Out(0x61, 3);
        for (int i = 0; i < 5_000; i++)
        {
            board.Test.Out(0x42, 36 + (int)Math.Round(30 * Math.Sin(2 * Math.PI * 500 * i * 60e-6)));
            board.Test.Advance(60_000);
        }

        Assert.Equal(500, RecordingSound.Strongest(board.Sound.Left, 4_800, 9_600));
    }

    [Fact]
    public void A_tone_above_what_frames_can_show_is_no_other_tone()
    {
        using var board = new Board();
        board.Play(20);
        board.Test.Advance(300 * Millisecond);
        for (int hertz = 100; hertz < 4000; hertz += 100)
        {
            Assert.InRange(RecordingSound.Amplitude(board.Sound.Left, 9_600, 4_800, hertz), 0, 30);
        }
    }

    [Fact]
    public void A_board_that_is_saved_and_restored_in_the_middle_of_a_tone_sounds_the_same()
    {
        using var whole = new Board();
        using var first = new Board();
        using var second = new Board();
        whole.Play(1193);
        first.Play(1193);
        whole.Test.Advance(100 * Millisecond);
        first.Test.Advance(37_123_457);
        second.Test.Clock.Restore(first.Test.Clock.NowNanoseconds);
        TestBoard.Transfer(first.Timer, second.Timer);
        TestBoard.Transfer(first.Port, second.Port);
        TestBoard.Transfer(first.Mixer, second.Mixer);
        TestBoard.Transfer(first.Speaker, second.Speaker);
        second.Test.AdvanceTo(whole.Test.Clock.NowNanoseconds);
        Assert.Equal(whole.Sound.Left, [.. first.Sound.Left, .. second.Sound.Left]);
    }

    private sealed class Board : IDisposable
    {
        public Board()
        {
            Timer = new IntervalTimer(Test.Clock, Test.Line(0));
            Timer.Map(Test.Ports);
            Port = new SystemControlPort(Test.Clock, Timer);
            Port.Map(Test.Ports);
            Mixer = new SoundMixer(Test.Clock, Sound);
            Speaker = new SpeakerSound(Test.Clock, Timer, Port, Mixer);
        }

        public TestBoard Test { get; } = new();

        public RecordingSound Sound { get; } = new();

        public IntervalTimer Timer { get; }

        public SystemControlPort Port { get; }

        public SoundMixer Mixer { get; }

        public SpeakerSound Speaker { get; }

        public void Play(int count)
        {
            Test.Out(0x43, 0xb6);
            Test.Out(0x42, count & 0xff);
            Test.Out(0x42, count >> 8);
            Test.Out(0x61, 3);
        }

        public void Dispose() => Test.Dispose();
    }
}
