using System;
using System.IO;
using Sosia.Control;
using Sosia.Core.Time;
using Xunit;
using Counter = Sosia.Machines.Tests.Smp.StressGuest.Counter;

namespace Sosia.Machines.Tests.Smp;

public sealed class SeveralProcessorsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("interpreter", 4, ClockMode.Deterministic)]
    [InlineData("interpreter", 8, ClockMode.RealTime)]
    [InlineData("recompiler", 4, ClockMode.Deterministic)]
    [InlineData("recompiler", 4, ClockMode.RealTime)]
    [InlineData("recompiler", 8, ClockMode.Fast)]
    public void No_update_by_an_atomic_instruction_or_under_a_lock_is_lost(string engine, int cpuCount, ClockMode clock)
    {
        const int Rounds = 5_000;
        using VirtualMachine vm = Create(StressGuest.Options(_files, cpuCount, Rounds) with { Engine = engine, ClockMode = clock });
        AssertEnded(vm.Run(Patience));
        AssertCounted(vm, (ulong)(cpuCount * Rounds));
    }

    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void Two_deterministic_runs_of_four_processors_have_the_same_history(string engine)
    {
        (long, long, long) Run()
        {
            using VirtualMachine vm = Create(StressGuest.Options(_files, 4, 500) with { Engine = engine, ClockMode = ClockMode.Deterministic });
            AssertEnded(vm.Run(Patience));
            return (vm.Machine.RetiredInstructions, vm.Machine.Cpus[3].RetiredInstructions, vm.Machine.Clock.NowNanoseconds);
        }

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void Four_processors_go_on_after_save_and_restore_as_if_nothing_had_happened()
    {
        MachineOptions options = StressGuest.Options(_files, 4, 500) with { Engine = "interpreter", ClockMode = ClockMode.Deterministic };
        using VirtualMachine reference = Create(options);
        AssertEnded(reference.Run(Patience));
        VirtualMachine vm = Create(options);
        try
        {
            // Sizes that end in the middle of turns; the first while the others still wait for their start.
            for (long step = 40; vm.Machine.RetiredInstructions < 150_000; step = (step * 3) + 1)
            {
                Assert.Equal(StopReason.BudgetUsed, vm.Step(Math.Min(step, 17_001)).Reason);
                using var snapshot = new MemoryStream();
                vm.Save(snapshot);
                vm.Dispose();
                vm = VirtualMachine.Create(options);
                snapshot.Position = 0;
                vm.Restore(snapshot);
            }

            AssertEnded(vm.Run(Patience));
            AssertCounted(vm, 4 * 500);
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal(reference.Machine.Cpus[i].RetiredInstructions, vm.Machine.Cpus[i].RetiredInstructions);
            }
        }
        finally
        {
            vm.Dispose();
        }
    }

    [Fact]
    public void Processors_on_threads_of_their_own_go_on_after_save_and_restore()
    {
        const int Rounds = 20_000;
        MachineOptions options = StressGuest.Options(_files, 4, Rounds) with { Engine = "recompiler", ClockMode = ClockMode.RealTime };
        VirtualMachine vm = Create(options);
        try
        {
            var slice = TimeSpan.FromMilliseconds(2);
            RunResult result = vm.Run(slice);
            Assert.Equal(StopReason.TimedOut, result.Reason);
            while (result.Reason == StopReason.TimedOut)
            {
                using var snapshot = new MemoryStream();
                vm.Save(snapshot);
                vm.Dispose();
                vm = VirtualMachine.Create(options);
                snapshot.Position = 0;
                vm.Restore(snapshot);
                // Longer and longer, so that it ends on any host.
                slice *= 1.5;
                result = vm.Run(slice);
            }

            AssertEnded(result);
            AssertCounted(vm, 4 * Rounds);
        }
        finally
        {
            vm.Dispose();
        }
    }

    [Fact]
    public void A_step_retires_exactly_so_many_instructions_of_all_processors_together()
    {
        using VirtualMachine vm = Create(StressGuest.Options(_files, 3, 5_000) with { Engine = "interpreter" });
        Assert.Equal(StopReason.BudgetUsed, vm.Step(123_457).Reason);
        Assert.Equal(123_457, vm.Machine.RetiredInstructions);
        Assert.True(vm.Machine.Cpus[2].RetiredInstructions > 30_000);
    }

    [Fact]
    public void A_reset_makes_the_other_processors_wait_for_their_start_again()
    {
        using VirtualMachine vm = Create(StressGuest.Options(_files, 2, 5_000) with { Engine = "interpreter", ClockMode = ClockMode.Deterministic });
        vm.Step(100_000);
        long before = vm.Machine.Cpus[1].RetiredInstructions;
        Assert.True(before > 30_000);
        vm.Machine.PowerOn();
        vm.Step(10);
        Assert.Equal(before, vm.Machine.Cpus[1].RetiredInstructions);
        vm.Machine.PowerOn();
        StressGuest.Clear(vm);
        AssertEnded(vm.Run(Patience));
        AssertCounted(vm, 2 * 5_000);
    }

    private static VirtualMachine Create(MachineOptions options)
    {
        var vm = VirtualMachine.Create(options);
        StressGuest.Prepare(vm);
        return vm;
    }

    private static void AssertEnded(RunResult result)
    {
        Assert.Equal(StopReason.DebugExit, result.Reason);
        Assert.Equal(11, result.ExitStatus);
    }

    private static void AssertCounted(VirtualMachine vm, ulong expected)
    {
        Assert.Equal(expected, StressGuest.Read(vm, Counter.Increment));
        Assert.Equal(expected, StressGuest.Read(vm, Counter.ExchangeAdd));
        Assert.Equal(expected, StressGuest.Read(vm, Counter.CompareExchange));
        Assert.Equal(3 * expected, StressGuest.Read(vm, Counter.Misaligned));
        Assert.Equal((byte)expected, StressGuest.Read(vm, Counter.AddByte));
        Assert.Equal(expected, StressGuest.Read(vm, Counter.BitLocked));
        Assert.Equal(expected, StressGuest.Read(vm, Counter.TicketLocked));
        Assert.Equal(expected, StressGuest.Read(vm, Counter.ExchangeLocked));
        Assert.Equal(expected, StressGuest.Read(vm, Counter.CompareExchange8));
        Assert.Equal(expected, StressGuest.Read(vm, Counter.CompareExchange16));
    }
}
