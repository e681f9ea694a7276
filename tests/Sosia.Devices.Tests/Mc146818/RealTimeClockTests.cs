using System;
using Sosia.Devices.Mc146818;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Mc146818;

public sealed class RealTimeClockTests
{
    private const long Second = 1_000_000_000;
    private readonly TestBoard _board = new();
    private readonly RealTimeClock _rtc;

    public RealTimeClockTests()
    {
        _rtc = Create(_board);
    }

    private static RealTimeClock Create(TestBoard board)
    {
        var rtc = new RealTimeClock(board.Clock, board.Line(8), new DateTime(2024, 2, 28, 23, 59, 58, DateTimeKind.Utc));
        rtc.Map(board.Ports);
        return rtc;
    }

    private static byte Read(TestBoard board, int register)
    {
        board.Out(0x70, register);
        return board.In(0x71);
    }

    private byte Read(int register) => Read(_board, register);

    private void Write(int register, int value)
    {
        _board.Out(0x70, register);
        _board.Out(0x71, value);
    }

    [Fact]
    public void Time_passes_over_midnight_into_a_leap_day()
    {
        Assert.Equal([0x58, 0x59, 0x23, 0x04, 0x28, 0x02, 0x24, 0x20], Array.ConvertAll([0, 2, 4, 6, 7, 8, 9, 0x32], Read));
        _board.Advance(2 * Second);
        Assert.Equal([0x00, 0x00, 0x00, 0x05, 0x29, 0x02], Array.ConvertAll([0, 2, 4, 6, 7, 8], Read));
        _board.Advance(86_400 * Second);
        Assert.Equal([0x01, 0x03], Array.ConvertAll([7, 8], Read));
        _board.Advance(366L * 86_400 * Second);
        Assert.Equal([0x02, 0x03, 0x25], Array.ConvertAll([7, 8, 9], Read));
    }

    [Fact]
    public void Binary_and_twelve_hour_modes_are_honoured()
    {
        Write(11, 0x04);
        Write(4, 0x80 | 11);
        Write(0, 59);
        Write(2, 59);
        Write(7, 28);
        Write(8, 2);
        Write(9, 24);
        Write(0x32, 20);
        _board.Advance(Second);
        Assert.Equal(12, Read(4));
        Assert.Equal(29, Read(7));
        _board.Advance(13 * 3600 * Second);
        Assert.Equal(0x81, Read(4));
    }

    [Fact]
    public void Update_in_progress_announces_the_second()
    {
        _board.AdvanceTo(Second - 2_228_001);
        Assert.Equal(0x26, Read(10));
        _board.Advance(1);
        Assert.Equal(0xa6, Read(10));
        Assert.Equal(0x58, Read(0));
        _board.AdvanceTo(Second);
        Assert.Equal(0x26, Read(10));
        Assert.Equal(0x59, Read(0));
    }

    [Fact]
    public void The_set_bit_stops_updates()
    {
        Write(11, 0x82);
        _board.Advance(5 * Second);
        Assert.Equal(0x58, Read(0));
        Write(11, 0x02);
        _board.Advance(Second);
        Assert.Equal(0x59, Read(0));
    }

    [Fact]
    public void The_first_update_comes_half_a_second_after_the_divider_leaves_reset()
    {
        Write(10, 0x76);
        _board.Advance(10 * Second);
        Assert.Equal(0x58, Read(0));
        Write(10, 0x26);
        _board.Advance((Second / 2) - 1);
        Assert.Equal(0x58, Read(0));
        _board.Advance(1);
        Assert.Equal(0x59, Read(0));
    }

    [Fact]
    public void The_periodic_interrupt_comes_at_1024_hertz_and_waits_for_register_c()
    {
        Write(11, 0x42);
        _board.AdvanceTo(976_562);
        Assert.False(_board.Irqs[8]);
        _board.AdvanceTo(976_563);
        Assert.True(_board.Irqs[8]);
        _board.AdvanceTo(Second / 2);
        Assert.Equal(1, _board.Irqs.Edges(8));
        Assert.Equal(0xc0, Read(12));
        Assert.False(_board.Irqs[8]);
        Assert.Equal(0x00, Read(12));
        int before = _board.Irqs.Edges(8);
        for (int i = 0; i < 1024; i++)
        {
            _board.Advance(Second / 1024);
            Read(12);
        }

        Assert.InRange(_board.Irqs.Edges(8) - before, 1023, 1024);
    }

    [Fact]
    public void The_alarm_matches_with_wildcards()
    {
        Write(1, 0x00);
        Write(3, 0xc0);
        Write(5, 0xff);
        Write(11, 0x22);
        _board.AdvanceTo((2 * Second) - 1);
        Assert.False(_board.Irqs[8]);
        _board.Advance(1);
        Assert.True(_board.Irqs[8]);
        Assert.Equal(0xb0, Read(12) & 0xb0);
        _board.Advance(60 * Second);
        Assert.True(_board.Irqs[8]);
    }

    [Fact]
    public void The_update_ended_interrupt_comes_every_second()
    {
        Write(11, 0x12);
        for (int i = 1; i <= 3; i++)
        {
            _board.AdvanceTo(i * Second);
            Assert.Equal(i, _board.Irqs.Edges(8));
            Assert.Equal(0x90, Read(12) & 0x90);
        }
    }

    [Fact]
    public void Memory_size_bytes_nmi_mask_and_reset()
    {
        _rtc.SetMemorySize(512ul << 20, 1ul << 30);
        Assert.Equal(0x80, Read(0x15));
        Assert.Equal(0x02, Read(0x16));
        Assert.Equal((512 - 16) * 16, Read(0x34) | (Read(0x35) << 8));
        Assert.Equal(0x4000, Read(0x5b) | (Read(0x5c) << 8));
        Write(RealTimeClock.ShutdownStatusRegister, 0x0a);
        _board.Out(0x70, 0x8f);
        Assert.True(_rtc.IsNmiMasked);
        Write(11, 0x72);
        _rtc.Reset();
        Assert.Equal(0x02, Read(11));
        Assert.Equal(0x0a, Read(RealTimeClock.ShutdownStatusRegister));
        Assert.Equal(0x80, Read(13));
    }

    [Fact]
    public void A_snapshot_between_index_and_data_and_between_periods_is_unobservable()
    {
        Write(11, 0x52);
        _board.AdvanceTo((Second / 2) + 1234);
        _board.Out(0x70, 12);
        using var board = new TestBoard();
        RealTimeClock copy = Create(board);
        board.Clock.AdvanceTo(_board.Clock.NowNanoseconds);
        TestBoard.Transfer(_rtc, copy);
        foreach (TestBoard each in new[] { _board, board })
        {
            Assert.Equal(0xc0, each.In(0x71));
            int edges = each.Irqs.Edges(8);
            each.AdvanceTo((Second / 2) + 976_563);
            Assert.Equal(edges + 1, each.Irqs.Edges(8));
            each.AdvanceTo(Second);
            Assert.Equal(0xd0, Read(each, 12));
            Assert.Equal(0x59, Read(each, 0));
        }
    }
}
