using System;
using System.Linq;
using Sosia.Control;
using Sosia.Core;
using Sosia.Machines.Firmware;
using Xunit;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>ROMs with extensions of the firmware.</summary>
public sealed class OptionRomTests : IDisposable
{
    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

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
