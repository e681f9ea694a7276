using System;
using System.Collections.Generic;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Core.Tests;

public sealed class MachineClockTests
{
    private readonly HostClock _host = new();

    [Fact]
    public void A_host_that_does_not_run_the_machine_for_a_while_does_not_make_guest_time_jump()
    {
        var clock = new MachineClock(ClockMode.RealTime, _host);
        clock.Resume();
        _host.Nanoseconds += 500_000;
        Assert.Equal(500_000, clock.NowNanoseconds);
        _host.Nanoseconds += 50_000_000;
        Assert.Equal(1_500_000, clock.NowNanoseconds);
        _host.Nanoseconds += 1;
        Assert.Equal(1_500_001, clock.NowNanoseconds);
    }

    [Fact]
    public void Time_slept_because_the_guest_was_idle_counts_in_full()
    {
        var clock = new MachineClock(ClockMode.RealTime, _host);
        clock.Resume();
        _host.Nanoseconds += 50_000_000;
        clock.AcceptIdleTime();
        Assert.Equal(50_000_000, clock.NowNanoseconds);
    }

    [Fact]
    public void Time_stands_still_while_the_machine_is_paused()
    {
        var clock = new MachineClock(ClockMode.RealTime, _host);
        clock.Resume();
        _host.Nanoseconds += 100;
        clock.Pause();
        _host.Nanoseconds += 1_000_000_000;
        Assert.Equal(100, clock.NowNanoseconds);
        clock.Resume();
        _host.Nanoseconds += 5;
        Assert.Equal(105, clock.NowNanoseconds);
    }

    [Fact]
    public void Timers_expire_in_the_order_of_their_deadlines_and_may_arm_themselves_again()
    {
        var clock = new MachineClock(ClockMode.RealTime, _host);
        var order = new List<string>();
        ClockTimer late = clock.CreateTimer("late", () => order.Add("late"));
        ClockTimer? periodic = null;
        periodic = clock.CreateTimer("periodic", () =>
        {
            order.Add("periodic");
            periodic!.Arm(periodic.DeadlineNanoseconds + 300);
        });
        late.Arm(500);
        periodic.Arm(200);
        clock.AdvanceTo(600);
        clock.RunExpired();
        // 200, then 500 twice: the one armed first goes first.
        Assert.Equal(["periodic", "late", "periodic"], order);
        Assert.Equal(800, clock.NextDeadlineNanoseconds);
    }

    [Fact]
    public void An_earlier_deadline_is_announced_and_a_later_one_is_not()
    {
        var clock = new MachineClock(ClockMode.Deterministic);
        int announced = 0;
        clock.EarlierDeadline = () => announced++;
        ClockTimer first = clock.CreateTimer("first", static () => { });
        ClockTimer second = clock.CreateTimer("second", static () => { });
        first.Arm(1000);
        second.Arm(2000);
        Assert.Equal(1, announced);
        second.Arm(500);
        Assert.Equal(2, announced);
        second.Cancel();
        Assert.Equal(1000, clock.NextDeadlineNanoseconds);
    }

    private sealed class HostClock : TimeProvider
    {
        public long Nanoseconds { get; set; }

        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => Nanoseconds;
    }
}
