using System;
using System.IO;
using Sosia.Control;
using Sosia.Core;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Machines.Firmware;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>Bochs's BIOS, with the video BIOS that comes along and with the LGPL VGABIOS, starts what is on drives.</summary>
public sealed class BochsBiosTests(ITestOutputHelper output) : IDisposable
{
    private const string Bios = "/usr/share/bochs/BIOS-bochs-latest";
    private const string VideoBios = "/usr/share/vgabios/vgabios.bin";

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("interpreter", "if=ide", "c", null)]
    [InlineData("recompiler", "if=ide,index=3", "c", "")]
    [InlineData("recompiler", "if=floppy", "a", ",at=0xc0000")]
    public void Bochss_bios_starts_a_boot_sector_and_shows_it_on_the_screen(string engine, string drive, string order, string? videoBiosPlace)
    {
        if (!AreFilesThere() || FirmwareBench.Assemble(_files, "menu-disk.S") is not { } program)
        {
            output.WriteLine("SKIPPED: as (package binutils), bochsbios or vgabios is not installed.");
            return;
        }

        string image = FirmwareBench.WriteDisk(_files, "disk.img", program, 2880 * 512);
        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Bios = Bios,
            Engine = engine,
            ClockMode = ClockMode.Fast,
            Boot = BootOptions.Parse(order),
            OptionRoms = videoBiosPlace is null ? [] : [OptionRom.Parse($"file={VideoBios}{videoBiosPlace}")],
            Drives = [DriveOptions.Parse($"file={image},format=raw,snapshot,{drive}")],
        });
        string screen = vm.TextScreen!.Expect("Press F12 for boot menu.", FirmwareBench.Patience);
        Assert.Contains("Bochs 2.7 BIOS", screen, StringComparison.Ordinal);
        Assert.Equal(videoBiosPlace is not null, screen.Contains("Bochs VGABios", StringComparison.Ordinal));
        vm.Console.Expect("started disk A", FirmwareBench.Patience);
    }

    [Fact]
    public void Bochss_bios_starts_a_CD()
    {
        const string Cd = "/usr/lib/grub-rescue/grub-rescue-cdrom.iso";
        if (!AreFilesThere() || !File.Exists(Cd))
        {
            output.WriteLine("SKIPPED: bochsbios, vgabios or grub-rescue-pc is not installed.");
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Bios = Bios,
            ClockMode = ClockMode.Fast,
            Boot = BootOptions.Parse("d"),
            Drives = [DriveOptions.Parse($"file={Cd},format=raw,if=cdrom")],
        });
        vm.TextScreen!.Expect("The highlighted entry will be executed automatically", FirmwareBench.Patience);
    }

    [Fact]
    public void Two_video_bioses_for_the_adapter_are_refused()
    {
        if (!AreFilesThere())
        {
            output.WriteLine("SKIPPED: vgabios is not installed.");
            return;
        }

        var rom = OptionRom.Parse($"file={VideoBios}");
        string message = Assert.Throws<SosiaException>(() => VirtualMachine.Create(FirmwareBench.Options() with { OptionRoms = [rom, rom] })).Message;
        Assert.Contains("both video BIOSes", message, StringComparison.Ordinal);
    }

    private static bool AreFilesThere() => File.Exists(Bios) && File.Exists(VideoBios);
}
