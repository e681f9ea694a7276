using System;
using System.IO;
using Sosia.Control;
using Sosia.Devices.Block;
using Sosia.Machines.Firmware;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>Firmware that we did not write finds and starts what is on each kind of drive.</summary>
public sealed class DriveBootTests(ITestOutputHelper output) : IDisposable
{
    private const string RescueFolder = "/usr/lib/grub-rescue";

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("if=ide", "c")]
    [InlineData("if=ide,index=3", "c")]
    [InlineData("if=ahci", "c")]
    [InlineData("if=nvme", "c")]
    [InlineData("if=usb", "c")]
    [InlineData("if=floppy", "a")]
    public void A_boot_sector_starts_from_every_kind_of_drive(string drive, string order)
    {
        if (FirmwareBench.Assemble(_files, "menu-disk.S") is not { } program)
        {
            output.WriteLine("SKIPPED: as (package binutils) is not installed.");
            return;
        }

        string image = FirmwareBench.WriteDisk(_files, "disk.img", program, 2880 * 512);
        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Boot = BootOptions.Parse(order + ",strict"),
            Drives = [DriveOptions.Parse($"file={image},format=raw,snapshot,{drive}")],
        });
        vm.Console.Expect("started disk A", FirmwareBench.Patience);
    }

    [Theory]
    [InlineData("grub-rescue-cdrom.iso", "if=cdrom", "d")]
    [InlineData("grub-rescue-cdrom.iso", "if=ahci,media=cdrom", "d")]
    [InlineData("grub-rescue-floppy.img", "if=floppy", "a")]
    public void The_rescue_media_of_GRUB_start(string file, string drive, string order)
    {
        string image = Path.Combine(RescueFolder, file);
        if (!File.Exists(image))
        {
            output.WriteLine("SKIPPED: package grub-rescue-pc is not installed.");
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Boot = BootOptions.Parse(order + ",strict"),
            Drives = [DriveOptions.Parse($"file={image},format=raw,readonly,{drive}")],
        });
        vm.Console.Expect("GNU GRUB", FirmwareBench.Patience);
        vm.Console.Expect("The highlighted entry will be executed automatically", FirmwareBench.Patience);
    }
}
