using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Text.RegularExpressions;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Core.Time;
using Sosia.Machines;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Guests.Tests.Smp;

/// <summary>Linux with four processors, and a program in it that looks for lost updates, wrong memory order, old pages and old code.</summary>
public sealed class LocksTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sosia-locks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("interpreter", ClockMode.Deterministic, 60)]
    [InlineData("recompiler", ClockMode.Deterministic, 200)]
    [InlineData("recompiler", ClockMode.Fast, 100)]
    public void A_locking_program_on_four_processors_finds_nothing(string engine, ClockMode clock, int rounds)
    {
        MachineOptions options = EmbeddedGuest.Options(clock) with { Engine = engine, CpuThreads = false };
        Run(options, rounds, EmbeddedGuest.Prompt);
    }

    [Theory]
    [InlineData(ClockMode.RealTime, 2000)]
    [InlineData(ClockMode.Fast, 500)]
    public void With_a_thread_for_each_processor_the_locking_program_finds_nothing(ClockMode clock, int rounds)
    {
        Run(EmbeddedGuest.Options(clock) with { Engine = "recompiler" }, rounds, EmbeddedGuest.Prompt);
    }

    [Fact]
    public void Debian_with_four_processors_boots_and_its_locks_hold()
    {
        Guest debian = new GuestCatalog(EmbeddedGuest.GuestsFolder).Find("debian");
        if (!debian.IsComplete)
        {
            output.WriteLine("SKIPPED: the guest's images are not here; run './sosia guests fetch debian'.");
            return;
        }

        Run(debian.ToMachineOptions() with { Engine = "recompiler", NoReboot = true }, 50, debian.Description.Prompt);
    }

    private void Run(MachineOptions options, int rounds, string prompt)
    {
        string initrd = options.Initrd!;
        string program = Path.Combine(_folder, "locks");
        bool hasProgram = TryCompile(program);
        if (hasProgram)
        {
            initrd = Path.Combine(_folder, "initrd");
            Initramfs.Prepend(options.Initrd!, "locks", program, initrd);
        }
        else
        {
            output.WriteLine("SKIPPED in part: no gcc that makes static programs is here, so that the guest only boots.");
        }

        using var vm = VirtualMachine.Create(options with { CpuCount = 4, Initrd = initrd });
        string boot = vm.Console.Expect(prompt, EmbeddedGuest.Patience);
        Assert.Contains("smp: Brought up 1 node, 4 CPUs", boot, StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex("BUG:|WARNING:|soft lockup|rcu.*stall|Kernel panic"), boot);
        Assert.StartsWith("4", EmbeddedGuest.Command(vm, "grep -c ^processor /proc/cpuinfo"), StringComparison.Ordinal);
        if (hasProgram)
        {
            Assert.StartsWith("locks: nothing found", EmbeddedGuest.Command(vm, $"/locks 4 {rounds}"), StringComparison.Ordinal);
        }

        vm.Console.Send("poweroff\n");
        Assert.Equal(StopReason.PoweredOff, vm.Run(EmbeddedGuest.Patience).Reason);
    }

    private static bool TryCompile(string program)
    {
        string source = Path.Combine(AppContext.BaseDirectory, "locks.c");
        try
        {
            using Process process = Process.Start("gcc", ["-O2", "-static", "-pthread", "-o", program, source]);
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
