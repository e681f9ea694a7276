using Sosia.Devices.Pit8254;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Pit8254;

public sealed class IntervalTimerTests
{
    private readonly TestBoard _board = new();
    private readonly IntervalTimer _pit;

    public IntervalTimerTests()
    {
        _pit = new IntervalTimer(_board.Clock, _board.Line(0));
        _pit.Map(_board.Ports);
        new SystemControlPort(_board.Clock, _pit).Map(_board.Ports);
    }

    // The first nanosecond at which a number of CLK pulses has passed.
    private static long At(long ticks) => (long)(((System.Int128)ticks * 1_000_000_000 + 1_193_181) / 1_193_182);

    private void Program(int channel, int mode, int count, bool bcd = false)
    {
        _board.Out(0x43, (channel << 6) | 0x30 | (mode << 1) | (bcd ? 1 : 0));
        _board.Out(0x40 + channel, count & 0xff);
        _board.Out(0x40 + channel, count >> 8);
    }

    private int ReadCount(int channel)
    {
        _board.Out(0x43, channel << 6);
        int low = _board.In(0x40 + channel);
        return low | (_board.In(0x40 + channel) << 8);
    }

    private int ReadStatus(int channel)
    {
        _board.Out(0x43, 0xe0 | (2 << channel));
        return _board.In(0x40 + channel);
    }

    private bool Out2 => (_board.In(0x61) & 0x20) != 0;

    [Fact]
    public void Mode_0_rises_one_clock_after_the_count_has_run_down()
    {
        Program(0, 0, 100);
        Assert.False(_board.Irqs[0]);
        _board.AdvanceTo(At(101) - 1);
        Assert.False(_board.Irqs[0]);
        _board.AdvanceTo(At(101));
        Assert.True(_board.Irqs[0]);
        _board.AdvanceTo(At(103));
        Assert.Equal(0xfffe, ReadCount(0));
        Assert.Equal(1, _board.Irqs.Edges(0));
    }

    [Fact]
    public void Mode_0_stops_while_its_gate_is_low()
    {
        _board.Out(0x61, 1);
        Program(2, 0, 1000);
        _board.AdvanceTo(At(101));
        _board.Out(0x61, 0);
        Assert.Equal(900, ReadCount(2));
        _board.AdvanceTo(At(5000));
        Assert.Equal(900, ReadCount(2));
        _board.Out(0x61, 1);
        _board.AdvanceTo(At(5899));
        Assert.False(Out2);
        _board.AdvanceTo(At(5900));
        Assert.True(Out2);
    }

    [Fact]
    public void Writing_the_first_of_two_bytes_stops_mode_0()
    {
        Program(0, 0, 100);
        _board.AdvanceTo(At(51));
        _board.Out(0x40, 0x10);
        _board.AdvanceTo(At(1000));
        Assert.False(_board.Irqs[0]);
        _board.Out(0x40, 0x00);
        _board.AdvanceTo(At(1016));
        Assert.False(_board.Irqs[0]);
        _board.AdvanceTo(At(1017));
        Assert.True(_board.Irqs[0]);
    }

    [Fact]
    public void Mode_1_is_a_retriggerable_pulse()
    {
        Program(2, 1, 10);
        Assert.True(Out2);
        _board.Out(0x61, 1);
        _board.AdvanceTo(At(1));
        Assert.False(Out2);
        _board.AdvanceTo(At(6));
        _board.Out(0x61, 0);
        _board.Out(0x61, 1);
        _board.AdvanceTo(At(16));
        Assert.False(Out2);
        _board.AdvanceTo(At(17));
        Assert.True(Out2);
    }

    [Fact]
    public void Mode_2_goes_low_for_one_clock_in_each_period()
    {
        Program(0, 2, 1000);
        _board.AdvanceTo(At(1000) - 1);
        Assert.True(_board.Irqs[0]);
        _board.AdvanceTo(At(1000));
        Assert.False(_board.Irqs[0]);
        _board.AdvanceTo(At(1001));
        Assert.True(_board.Irqs[0]);
        int before = _board.Irqs.Edges(0);
        _board.AdvanceTo(At(1 + 101_000));
        Assert.Equal(100, _board.Irqs.Edges(0) - before);
    }

    [Fact]
    public void A_new_count_in_mode_2_takes_effect_at_the_end_of_the_period()
    {
        Program(0, 2, 1000);
        _board.AdvanceTo(At(501));
        _board.Out(0x40, 0x10);
        _board.Out(0x40, 0x00);
        Assert.Equal(0x40, ReadStatus(0) & 0x40);
        Assert.Equal(500, ReadCount(0));
        _board.AdvanceTo(At(1001));
        Assert.Equal(0, ReadStatus(0) & 0x40);
        Assert.Equal(16, ReadCount(0));
        _board.AdvanceTo(At(1016));
        Assert.False(_board.Irqs[0]);
        _board.AdvanceTo(At(1017));
        Assert.True(_board.Irqs[0]);
    }

    [Theory]
    [InlineData(8, 4)]
    [InlineData(9, 5)]
    public void Mode_3_is_a_square_wave_with_the_longer_half_high(int count, int high)
    {
        _board.Out(0x61, 1);
        Program(2, 3, count);
        for (int tick = 0; tick < 5 * count; tick++)
        {
            _board.AdvanceTo(At(1 + tick));
            Assert.Equal(tick % count < high, Out2);
        }
    }

    [Fact]
    public void Mode_3_counts_down_by_two()
    {
        _board.Out(0x61, 1);
        Program(2, 3, 100);
        _board.AdvanceTo(At(1 + 10));
        Assert.Equal(80, ReadCount(2));
        _board.AdvanceTo(At(1 + 50));
        Assert.Equal(100, ReadCount(2));
    }

    [Fact]
    public void Mode_4_strobes_once()
    {
        Program(0, 4, 20);
        _board.AdvanceTo(At(20));
        Assert.True(_board.Irqs[0]);
        _board.AdvanceTo(At(21));
        Assert.False(_board.Irqs[0]);
        _board.AdvanceTo(At(22));
        Assert.True(_board.Irqs[0]);
        int edges = _board.Irqs.Edges(0);
        _board.AdvanceTo(At(200_000));
        Assert.Equal(edges, _board.Irqs.Edges(0));
    }

    [Fact]
    public void Mode_5_strobes_after_a_trigger()
    {
        Program(2, 5, 20);
        _board.AdvanceTo(At(100));
        Assert.True(Out2);
        _board.Out(0x61, 1);
        _board.AdvanceTo(At(120));
        Assert.True(Out2);
        _board.AdvanceTo(At(121));
        Assert.False(Out2);
        _board.AdvanceTo(At(122));
        Assert.True(Out2);
    }

    [Fact]
    public void Binary_coded_counts_run_down_in_decimal()
    {
        Program(0, 2, 0x1000, bcd: true);
        _board.AdvanceTo(At(2));
        Assert.Equal(0x0999, ReadCount(0));
        Program(0, 2, 0, bcd: true);
        _board.AdvanceTo(At(4));
        Assert.Equal(0x9999, ReadCount(0));
    }

    [Fact]
    public void A_count_of_zero_is_65536()
    {
        Program(0, 2, 0);
        int before = _board.Irqs.Edges(0);
        _board.AdvanceTo(At(65536));
        Assert.False(_board.Irqs[0]);
        _board.AdvanceTo(At(65537));
        Assert.Equal(before + 1, _board.Irqs.Edges(0));
    }

    [Fact]
    public void The_latch_holds_both_bytes_and_ignores_a_second_latch()
    {
        Program(0, 2, 0x8000);
        _board.AdvanceTo(At(1 + 0x100));
        _board.Out(0x43, 0x00);
        _board.AdvanceTo(At(1 + 0x300));
        _board.Out(0x43, 0x00);
        Assert.Equal(0x00, _board.In(0x40));
        Assert.Equal(0x7f, _board.In(0x40));
        Assert.Equal(0x7d00, ReadCount(0));
    }

    [Fact]
    public void Read_back_gives_status_before_count()
    {
        Program(0, 2, 1000);
        _board.AdvanceTo(At(11));
        _board.Out(0x43, 0xc2);
        Assert.Equal(0xb4, _board.In(0x40));
        Assert.Equal(990 & 0xff, _board.In(0x40));
        Assert.Equal(990 >> 8, _board.In(0x40));
    }

    [Fact]
    public void Low_byte_only_access_reads_and_writes_one_byte()
    {
        _board.Out(0x43, 0x14);
        _board.Out(0x40, 50);
        _board.AdvanceTo(At(11));
        Assert.Equal(40, _board.In(0x40));
        Assert.Equal(40, _board.In(0x40));
    }

    [Fact]
    public void The_refresh_bit_toggles()
    {
        int before = _board.In(0x61) & 0x10;
        _board.Advance(15_085);
        Assert.NotEqual(before, _board.In(0x61) & 0x10);
    }

    [Fact]
    public void A_snapshot_between_the_bytes_of_a_count_is_unobservable()
    {
        Program(0, 2, 1000);
        _board.AdvanceTo(At(301));
        _board.Out(0x43, 0x00);
        byte low = _board.In(0x40);     // the latched count is half read
        _board.Out(0x40, 0x34);         // and a new one half written
        using var board = new TestBoard();
        var copy = new IntervalTimer(board.Clock, board.Line(0));
        copy.Map(board.Ports);
        board.Clock.AdvanceTo(_board.Clock.NowNanoseconds);
        TestBoard.Transfer(_pit, copy);
        foreach (TestBoard each in new[] { _board, board })
        {
            Assert.Equal(700, low | (each.In(0x40) << 8));
            each.Out(0x40, 0x00);
            each.AdvanceTo(At(1001 + 0x34 - 1));
            Assert.False(each.Irqs[0]);
            int edges = each.Irqs.Edges(0);
            each.AdvanceTo(At(1001 + 0x34));
            Assert.Equal(edges + 1, each.Irqs.Edges(0));
        }
    }
}
