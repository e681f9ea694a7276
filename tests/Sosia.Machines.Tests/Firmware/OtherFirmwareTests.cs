using System;
using System.IO;
using System.Linq;
using Sosia.Control;
using Sosia.Core;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Machines.Firmware;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>Firmware that is neither SeaBIOS nor UEFI, and ROMs with extensions.</summary>
public sealed class OtherFirmwareTests(ITestOutputHelper output) : IDisposable
{
    private const string BochsBios = "/usr/share/bochs/BIOS-bochs-latest";
    private const string VideoBios = "/usr/share/vgabios/vgabios.bin";

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void The_BIOS_of_Bochs_starts_a_disk_with_the_LGPL_video_BIOS()
    {
        if (!File.Exists(BochsBios) || !File.Exists(VideoBios) || FirmwareBench.Assemble(_files, "menu-disk.S") is not { } program)
        {
            output.WriteLine("SKIPPED: packages bochsbios, vgabios or binutils are not installed.");
            return;
        }

        var log = new CollectingSerial();
        string image = FirmwareBench.WriteDisk(_files, "disk.img", program, 8 << 20);
        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Bios = BochsBios,
            OptionRoms = [OptionRom.Parse($"file={VideoBios},at=0xc0000")],
            ClockMode = ClockMode.Fast,
            DebugConsole = log,
            Drives = [DriveOptions.Parse($"file={image},format=raw,if=ide,snapshot")],
        });
        vm.Console.Expect("started disk A", FirmwareBench.Patience);
        Assert.Contains("Starting rombios32", log.Text, StringComparison.Ordinal);
    }

    /// <summary>A ROM whose entry writes a letter to the serial port and returns: mov dx, 3f8h; mov al, letter; out dx, al; retf.</summary>
    [Fact]
    public void An_option_rom_is_executed_by_the_firmware()
    {
        byte[] rom = new byte[512];
        new byte[] { 0x55, 0xaa, 1, 0xba, 0xf8, 0x03, 0xb0, (byte)'%', 0xee, 0xcb }.CopyTo(rom, 0);
        rom[^1] = (byte)-rom.Sum(static value => value);
        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with { OptionRoms = [OptionRom.Parse("file=" + _files.Write("letter.rom", rom))] });
        vm.Console.Expect("%", FirmwareBench.Patience);
    }

    [Fact]
    public void Option_roms_that_cannot_be_are_refused()
    {
        string rom = _files.Write("a.rom", [0x55, 0xaa, 1, 0xcb]);
        string other = _files.Write("b.rom", new byte[512]);
        foreach ((string option, string message) in ((string, string)[])
        [
            ($"file={other}", "55 AA"), ("file=", "names no file"), ($"file={rom},at=0xc0001", "0xc0001"), ($"file={rom},at=0x100000", "0x100000"),
            ($"file={rom},to=1", "to=1"), ($"file={rom}.missing", "cannot be read"),
        ])
        {
            Assert.Contains(message, Assert.Throws<SosiaException>(() => OptionRom.Parse(option)).Message, StringComparison.Ordinal);
        }

        var twice = OptionRom.Parse($"file={rom},at=0xd0000");
        Assert.Contains("overlaps", Assert.Throws<SosiaException>(() => VirtualMachine.Create(FirmwareBench.Options() with { OptionRoms = [twice, twice] })).Message, StringComparison.Ordinal);
    }
}
