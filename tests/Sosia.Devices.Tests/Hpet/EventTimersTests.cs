using Sosia.Devices.Hpet;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Hpet;

public sealed class EventTimersTests
{
    private const ulong Base = EventTimers.DefaultBase;

    private readonly TestBoard _board = new();
    private readonly EventTimers _hpet;

    public EventTimersTests()
    {
        _hpet = new EventTimers(_board.Clock, _board.Irqs);
        _hpet.Map(_board.Memory);
    }

    private static ulong Read(TestBoard board, int register, int byteCount = 8) => board.Memory.Read(Base + (ulong)register, byteCount);

    private ulong Read(int register, int byteCount = 8) => Read(_board, register, byteCount);

    private void Write(int register, ulong value, int byteCount = 8) => _board.Memory.Write(Base + (ulong)register, byteCount, value);

    [Fact]
    public void Capabilities_name_three_timers_and_ten_nanoseconds()
    {
        Assert.Equal(0x00989680_8086a201ul, Read(0));
        Assert.Equal(0x00f00000ul, Read(0x104, 4));
        Assert.Equal(0x30ul, Read(0x100, 4));
    }

    [Fact]
    public void The_counter_runs_while_enabled_and_can_be_set_while_it_stands()
    {
        _board.Advance(1000);
        Assert.Equal(0ul, Read(0xf0));
        Write(0xf0, 0x1_0000_0000 - 50);
        Write(0x10, 1);
        _board.Advance(1009);
        Assert.Equal(0x1_0000_0000ul + 50, Read(0xf0));
        Assert.Equal(1ul, Read(0xf4, 4));
        Write(0x10, 0);
        _board.Advance(1000);
        Assert.Equal(0x1_0000_0000ul + 50, Read(0xf0));
    }

    [Fact]
    public void A_one_shot_edge_interrupt_comes_once()
    {
        Write(0x100, (20 << 9) | 4);
        Write(0x108, 100);
        Write(0x10, 1);
        _board.Advance(999);
        Assert.Equal(0, _board.Irqs.Edges(20));
        _board.Advance(1);
        Assert.Equal(1, _board.Irqs.Edges(20));
        _board.Advance(1_000_000);
        Assert.Equal(1, _board.Irqs.Edges(20));
    }

    [Fact]
    public void A_32_bit_one_shot_comes_again_after_the_wrap()
    {
        Write(0x100, (20 << 9) | 4 | 0x100);
        Write(0x108, 100);
        Write(0x10, 1);
        _board.Advance(1000);
        _board.Advance((1L << 32) * 10);
        Assert.Equal(2, _board.Irqs.Edges(20));
    }

    [Fact]
    public void A_periodic_timer_is_set_up_as_the_specification_says()
    {
        Write(0x10, 1);
        Write(0x100, (21 << 9) | 4 | 8 | 0x40);
        Write(0x108, 200);
        Write(0x108, 100);
        _board.AdvanceTo(2000);
        Assert.Equal(1, _board.Irqs.Edges(21));
        Assert.Equal(300ul, Read(0x108));
        _board.AdvanceTo(12_000);
        Assert.Equal(11, _board.Irqs.Edges(21));
    }

    [Fact]
    public void A_level_interrupt_stays_until_its_status_bit_is_cleared()
    {
        Write(0x140, (22 << 9) | 4 | 2);
        Write(0x148, 100);
        Write(0x10, 1);
        _board.AdvanceTo(1000);
        Assert.True(_board.Irqs[22]);
        Assert.Equal(4ul, Read(0x20));
        Write(0x20, 4);
        Assert.False(_board.Irqs[22]);
    }

    [Fact]
    public void Legacy_replacement_takes_the_place_of_timer_and_clock()
    {
        _hpet.LegacyInputs.SetIrq(EventTimers.IntervalTimerInput, true);
        Assert.True(_board.Irqs[0]);
        Write(0x10, 3);
        Assert.False(_board.Irqs[0]);
        Write(0x100, 4 | 8 | 0x40);
        Write(0x108, 100);
        Write(0x108, 100);
        Write(0x120, 4);
        Write(0x128, 150);
        int before = _board.Irqs.Edges(0);
        _board.AdvanceTo(5000);
        Assert.Equal(5, _board.Irqs.Edges(0) - before);
        Assert.Equal(1, _board.Irqs.Edges(8));
        _hpet.LegacyInputs.SetIrq(EventTimers.RealTimeClockInput, true);
        Assert.Equal(1, _board.Irqs.Edges(8));
    }

    [Fact]
    public void Comparators_can_be_written_in_halves()
    {
        Write(0x108, 0x89abcdef, 4);
        Write(0x10c, 0x01234567, 4);
        Assert.Equal(0x01234567_89abcdeful, Read(0x108));
    }

    [Fact]
    public void A_snapshot_in_the_middle_of_a_period_is_unobservable()
    {
        Write(0x10, 1);
        Write(0x100, (21 << 9) | 4 | 8 | 0x40);
        Write(0x108, 100);
        Write(0x108, 100);
        Write(0x120, (22 << 9) | 4 | 2);
        Write(0x128, 120);
        _board.AdvanceTo(1555);
        using var board = new TestBoard();
        var copy = new EventTimers(board.Clock, board.Irqs);
        copy.Map(board.Memory);
        board.Clock.AdvanceTo(_board.Clock.NowNanoseconds);
        TestBoard.Transfer(_hpet, copy);
        foreach (TestBoard each in new[] { _board, board })
        {
            Assert.Equal(155ul, Read(each, 0xf0));
            Assert.Equal(2ul, Read(each, 0x20));
            each.Memory.Write(Base + 0x20, 8, 2);
            Assert.False(each.Irqs[22]);
            int edges = each.Irqs.Edges(21);
            each.AdvanceTo(1999);
            Assert.Equal(edges, each.Irqs.Edges(21));
            each.AdvanceTo(2000);
            Assert.Equal(edges + 1, each.Irqs.Edges(21));
        }
    }
}
