using System;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Core.Time;
using Sosia.Machines;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>The catalogue's guests with a shell boot as their descriptions say.</summary>
[Trait("Category", "Boot")]
public sealed class GuestBootTests
{
    [GuestFact("linux-x86_64")]
    public void The_small_linux_boots_to_a_shell_and_powers_off() => CheckShell("linux-x86_64", ClockMode.RealTime);

    [GuestFact("linux-x86_64-microvm")]
    public void The_small_linux_boots_on_the_microvm_machine() => CheckShell("linux-x86_64-microvm", ClockMode.RealTime);

    [GuestFact("linux-x86_64")]
    public void The_small_linux_boots_with_deterministic_time() => CheckShell("linux-x86_64", ClockMode.Deterministic);

    [GuestFact("debian")]
    public void Debians_stock_kernel_boots_to_a_shell_and_powers_off() => CheckShell("debian", ClockMode.Fast);

    [GuestFact("linux-x86_64")]
    public void A_reboot_ends_the_machine_under_no_reboot() => CheckReboot("linux-x86_64");

    [GuestFact("linux-x86_64-microvm")]
    public void A_reboot_of_microvm_ends_the_machine_under_no_reboot() => CheckReboot("linux-x86_64-microvm");

    [GuestFact("linux-x86_64")]
    public void A_reboot_restarts_the_machine()
    {
        Guest guest = Find("linux-x86_64");
        using VirtualMachine vm = Boot(guest, ClockMode.Fast);
        vm.Console.Send("reboot\n");
        vm.Console.Expect("Linux version", Patience(guest));
        vm.Console.Expect(guest.Description.Prompt, Patience(guest));
        Assert.Equal(1, vm.ResetCount);
    }

    private static Guest Find(string name) => new GuestCatalog(Repository.Guests).Find(name);

    // The description's time is for a machine that is busy; several tests at once make it busier.
    private static TimeSpan Patience(Guest guest) => TimeSpan.FromSeconds(3 * guest.Description.Timeout);

    private static VirtualMachine Boot(Guest guest, ClockMode clock)
    {
        MachineOptions options = guest.ToMachineOptions();
        var vm = VirtualMachine.Create(options with { ClockMode = clock });
        vm.Console.Expect(guest.Description.Prompt, Patience(guest));
        return vm;
    }

    private static void CheckShell(string name, ClockMode clock)
    {
        Guest guest = Find(name);
        using VirtualMachine vm = Boot(guest, clock);
        vm.Console.Send("echo six-times-seven-is-$((6*7))\n");
        vm.Console.Expect("six-times-seven-is-42", Patience(guest));
        vm.Console.Send("cat /proc/cpuinfo\n");
        string information = vm.Console.Expect("address sizes", Patience(guest));
        Assert.Contains("vendor_id", information, StringComparison.Ordinal);
        Assert.Matches(@"flags\s*:.*\bsse4_2\b", information);
        vm.Console.Send(guest.Description.Poweroff + "\n");
        RunResult result = vm.Run(Patience(guest));
        Assert.Equal(StopReason.PoweredOff, result.Reason);
        Assert.Equal(0, result.ExitStatus);
    }

    private static void CheckReboot(string name)
    {
        Guest guest = Find(name);
        using var vm = VirtualMachine.Create(guest.ToMachineOptions() with { NoReboot = true, ClockMode = ClockMode.Fast });
        vm.Console.Expect(guest.Description.Prompt, Patience(guest));
        vm.Console.Send("reboot\n");
        Assert.Equal(3, vm.Run(Patience(guest)).ExitStatus);
    }
}
