using System;
using System.Text.RegularExpressions;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Machines;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>Waiting for words on the screen, and typing at them.</summary>
public sealed class TextScreenTests
{
    [Fact]
    public void What_the_firmware_shows_is_found_as_text_and_by_a_pattern()
    {
        using VirtualMachine vm = StartFirmware();
        Assert.Contains("SeaBIOS", vm.TextScreen!.Expect("No bootable device", EmbeddedGuest.Patience), StringComparison.Ordinal);
        vm.TextScreen.Expect(new Regex("SeaBIOS \\(version [0-9.]+"), EmbeddedGuest.Patience);
    }

    [Fact]
    public void A_text_that_does_not_come_is_a_failure_that_quotes_the_screen()
    {
        using VirtualMachine vm = StartFirmware();
        vm.TextScreen!.Expect("No bootable device", EmbeddedGuest.Patience);
        ExpectException failure = Assert.Throws<ExpectException>(() => vm.TextScreen.Expect("a text that never comes", TimeSpan.FromMilliseconds(1)));
        Assert.Contains("a text that never comes", failure.Message, StringComparison.Ordinal);
        Assert.Contains("No bootable device", failure.Message, StringComparison.Ordinal);
    }

    private static VirtualMachine StartFirmware() => VirtualMachine.Create(new MachineOptions
    {
        Machine = "pc",
        MemoryByteCount = 32 << 20,
        Bios = "seabios",
        ClockMode = ClockMode.Deterministic,
    });
}
