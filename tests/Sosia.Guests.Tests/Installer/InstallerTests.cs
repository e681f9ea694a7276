using System;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Devices.I8042;
using Sosia.Machines;
using Xunit;

namespace Sosia.Guests.Tests.Installer;

/// <summary>Debian's installer from a CD that ISOLINUX starts, through its questions about language, place and keyboard by typed keys.</summary>
[Trait("Category", "Boot")]
public sealed class InstallerTests
{
    private static readonly TimeSpan _patience = EmbeddedGuest.Patience;

    [ImageTheory("installer-amd64.iso")]
    [InlineData("amd64")]
    [InlineData("i386")]
    public void The_installer_asks_on_the_screen_and_obeys_the_keyboard(string architecture)
    {
        using VirtualMachine vm = Start(architecture);
        TextScreen screen = vm.TextScreen!;
        screen.Expect("boot:", _patience);
        screen.Type("install\n");
        screen.Expect("Select a language", _patience);
        screen.Expect("English", _patience);
        screen.Type("\n");
        screen.Expect("Select your location", _patience);
        screen.Tap(Ps2Key.Up);
        screen.Type("\n");
        screen.Expect("Configure the keyboard", _patience);
        screen.Expect("British English", _patience);
        screen.Type("\n");
        screen.Expect("Detecting network hardware", _patience);
    }

    [ImageTheory("installer-i386.iso")]
    [InlineData("amd64")]
    [InlineData("i386")]
    public void The_installer_asks_on_the_serial_port_and_obeys_what_comes_from_there(string architecture)
    {
        using VirtualMachine vm = Start(architecture);
        vm.Console.Expect("boot:", _patience);
        vm.Console.Send("serial\r");
        vm.Console.Expect("Select a language", _patience);
        vm.Console.Expect("activates buttons", _patience);
        vm.Console.Send("\r");
        vm.Console.Expect("Select your location", _patience);
        vm.Console.Expect("activates buttons", _patience);
        vm.Console.Send("\r");
        vm.Console.Expect("Configure the keyboard", _patience);
        vm.Console.Expect("activates buttons", _patience);
        vm.Console.Send("\r");
        vm.Console.Expect("Detecting network hardware", _patience);
    }

    // With 512 MiB the 64-bit installer enters its low memory mode, which asks for no language.
    private static VirtualMachine Start(string architecture) => VirtualMachine.Create(new MachineOptions
    {
        Machine = "pc",
        MemoryByteCount = 1 << 30,
        ClockMode = ClockMode.Fast,
        Drives = [DriveOptions.Parse($"file={CachedImage.Find($"installer-{architecture}.iso")},if=cdrom")],
    });
}
