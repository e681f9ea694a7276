using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Devices.Hpet;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Hpet;

/// <summary>The real-time clock goes on while a device computes; here every look at the clock makes 40 ns pass.</summary>
public sealed class PassingTimeTests
{
    [Fact]
    public void A_periodic_timer_served_almost_a_period_late_does_not_stop_for_a_whole_wrap()
    {
        const ulong PeriodTicks = 100;
        var time = new PassingTime();
        var log = new DiagnosticLog();
        using var ram = new GuestRam(1 << 20);
        var memory = new MemoryBus(ram, log);
        var clock = new MachineClock(ClockMode.Deterministic);
        clock.AttachCounter(time);
        var irqs = new RecordingSink();
        var hpet = new EventTimers(clock, irqs);
        hpet.Map(memory);
        memory.Write(EventTimers.DefaultBase + 0x100, 8, (20 << 9) | (1 << 8) | (1 << 6) | (1 << 3) | (1 << 2));
        memory.Write(EventTimers.DefaultBase + 0x108, 4, PeriodTicks);
        memory.Write(EventTimers.DefaultBase + 0x108, 4, PeriodTicks);
        memory.Write(EventTimers.DefaultBase + 0x10, 8, 1);

        // Late by every amount within three periods.
        for (int late = 0; late < 400; late++)
        {
            time.Value = (clock.NextDeadlineNanoseconds >> MachineClock.DeterministicShift) + late;
            clock.RunExpired();
            Assert.InRange(clock.NextDeadlineNanoseconds - (time.Value << MachineClock.DeterministicShift), -2000, 2000);
        }
    }

    private sealed class PassingTime : IInstructionCounter
    {
        public long Value { get; set; }

        public long RetiredInstructions => Value += 5;
    }
}
