using System;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Machines.Tests;

public sealed class DeadlineTimerTests : IDisposable
{
    private const uint TimeStampCounter = 0x10;
    private const uint Deadline = 0x6e0;

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_deadline_counts_from_the_time_stamp_counters_new_start_after_a_reset()
    {
        using MicrovmMachine machine = Create();
        machine.PowerOn();
        machine.Clock.AdvanceTo(5_000_000_000);
        machine.PowerOn();
        Arm(machine, 1_000);
        Assert.Equal(5_000_001_000, machine.Clock.NextDeadlineNanoseconds);
    }

    [Fact]
    public void An_armed_deadline_moves_when_the_time_stamp_counter_is_written()
    {
        using MicrovmMachine machine = Create();
        machine.PowerOn();
        machine.Clock.AdvanceTo(1_000_000);
        Arm(machine, 3_000_000);
        Assert.Equal(3_000_000, machine.Clock.NextDeadlineNanoseconds);
        Assert.True(machine.Cpu.TryWriteMsr(TimeStampCounter, 2_000_000));
        Assert.Equal(2_000_000, machine.Clock.NextDeadlineNanoseconds);
        Assert.True(machine.Cpu.TryReadMsr(Deadline, out ulong value));
        Assert.Equal(3_000_000u, value);
    }

    private static void Arm(MicrovmMachine machine, ulong deadline)
    {
        const ulong TimerEntry = 0xfee0_0320;
        const ulong DeadlineMode = 2 << 17;
        machine.Memory.Write(TimerEntry, 4, DeadlineMode | 0x40);
        Assert.True(machine.Cpu.TryWriteMsr(Deadline, deadline));
    }

    private MicrovmMachine Create() => new(new MachineOptions
    {
        Machine = "microvm",
        MemoryByteCount = 4 << 20,
        Kernel = _files.Write("guest.bin", [0xf4]),
        LoadAddress = 0x10_0000,
        ClockMode = ClockMode.Deterministic,
    });
}
