using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Lockstep;
using Sosia.Devices.Block;
using Sosia.Machines.Firmware;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

public sealed class FirmwareBootTests(ITestOutputHelper output) : IDisposable
{
    private const int DebugExitPort = 0xf4;
    private const int ProgramEnded = (0x15 << 1) | 1;

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void Without_anything_to_start_the_firmware_says_so_on_the_serial_port(string engine)
    {
        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with { Engine = engine });
        string text = vm.Console.Expect("No bootable device.", FirmwareBench.Patience);
        Assert.Contains("SeaBIOS (version 1.16.2", text, StringComparison.Ordinal);
    }

    /// <summary>What the calls answer was compared with what they answer under QEMU, where the machines are alike.</summary>
    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void A_program_in_real_mode_gets_right_answers_from_the_bios(string engine)
    {
        if (Assemble("bios-calls.S") is not { } program)
        {
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options(FirmwareBench.WriteDisk(_files, "disk.img", program)) with
        {
            Engine = engine,
            DebugExitPort = DebugExitPort,
        });
        vm.Console.Expect("INT16-00", FirmwareBench.Patience);
        vm.Console.Send("a");
        RunResult result = vm.Run(FirmwareBench.Patience);
        string text = vm.Console.Transcript;
        output.WriteLine(text);
        Assert.Equal(ProgramEnded, result.ExitStatus);
        Assert.Equal(
            [
                "INT12 027f",
                "INT11 0426",
                "INT15-E801 3c00 00ff",
                "INT15-E820 0000 0000 0000 0000 0000 0000 0009 fc00 0001",
                "INT15-E820 0000 0000 0009 fc00 0000 0000 0000 0400 0002",
                "INT15-E820 0000 0000 000f 0000 0000 0000 0001 0000 0002",
                "INT15-E820 0000 0000 0010 0000 0000 0000 01ef c000 0001",
                "INT15-E820 0000 0000 01ff c000 0000 0000 0000 4000 0002",
                "INT15-E820 0000 0000 fffc 0000 0000 0000 0004 0000 0002",
                "INT15-2402 0001",
                "INT15-87 moved by BIOS  ",
                "INT13-08 003f 0f01",
                "INT13-41 aa55 0007",
                "INT13-48 0000 0800 0200",
                "INT13-43 1234 5678",
                "INT13-42 0001",
                "INT10-0F 5003",
                "INT1A-00 0001",
                "INT1A-04 2026 0101",
                "INT15-86 0000",
                "INT1A-B1 4350 0210 0008 8086 7000",
                "INT16-00 1e61",
            ],
            text.Split("\r\n").Where(static line => line.StartsWith("INT", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_reset_starts_the_firmware_again_with_the_order_for_later_starts()
    {
        if (Assemble("menu-disk.S") is not { } program)
        {
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options(WriteDisk("a", program, 'A')) with { Boot = BootOptions.Parse("order=d,once=c,strict") });
        vm.Console.Expect("started disk A", FirmwareBench.Patience);
        vm.Console.Expect("SeaBIOS (version", FirmwareBench.Patience);
        string second = vm.Console.Expect("No bootable device.", FirmwareBench.Patience);
        Assert.DoesNotContain("started", second, StringComparison.Ordinal);
        Assert.Equal(1, vm.ResetCount);
    }

    [Fact]
    public void A_strict_order_without_the_disks_kind_starts_nothing()
    {
        if (Assemble("menu-disk.S") is not { } program)
        {
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options(WriteDisk("a", program, 'A')) with { Boot = BootOptions.Parse("d,strict") });
        string text = vm.Console.Expect("No bootable device.", FirmwareBench.Patience);
        Assert.DoesNotContain("started", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void The_menu_on_the_serial_port_lists_the_disks_and_starts_the_chosen_one(string engine)
    {
        if (Assemble("menu-disk.S") is not { } program)
        {
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Engine = engine,
            Boot = BootOptions.Parse("menu,menu-wait=10000"),
            Drives = [new DriveOptions(WriteDisk("a", program, 'A'), IsSnapshot: true), new DriveOptions(WriteDisk("b", program, 'B'), IsSnapshot: true)],
        });
        vm.Console.Expect("Press ESC for boot menu.", FirmwareBench.Patience);
        vm.Console.Send("\x1b");
        string menu = vm.Console.Expect("2. Virtio disk", FirmwareBench.Patience);
        Assert.Contains("Select boot device:", menu, StringComparison.Ordinal);
        Assert.Contains("1. Virtio disk", menu, StringComparison.Ordinal);
        vm.Console.Send("2");
        vm.Console.Expect("started disk B", FirmwareBench.Patience);
    }

    [Fact]
    public void Every_processor_is_started_by_the_firmware_and_counted_in_its_tables()
    {
        var log = new CollectingSerial();
        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with { CpuCount = 3, DebugConsole = log });
        vm.Console.Expect("No bootable device.", FirmwareBench.Patience);
        Assert.Contains("Found 3 cpu(s) max supported 3 cpu(s)", log.Text, StringComparison.Ordinal);
        Assert.Contains("QEMU fw_cfg DMA interface supported", log.Text, StringComparison.Ordinal);
        Assert.Contains("ACPI: parse DSDT", log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("WARNING", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Firmware_saved_and_restored_at_ten_points_of_its_start_writes_the_same_text()
    {
        if (Assemble("menu-disk.S") is not { } program)
        {
            return;
        }

        MachineOptions options = FirmwareBench.Options(WriteDisk("a", program, 'A')) with { Boot = BootOptions.Parse("menu,menu-wait=200") };
        using VirtualMachine reference = VirtualMachine.Create(options);
        string expected = reference.Console.Expect("started disk A", FirmwareBench.Patience);
        long end = reference.Machine.RetiredInstructions;
        var random = new Random(1);
        IEnumerable<long> points = Enumerable.Range(0, 10).Select(_ => random.NextInt64(1, end)).Order().ToArray();
        string text = string.Empty;
        VirtualMachine vm = VirtualMachine.Create(options);
        try
        {
            foreach (long point in points)
            {
                if (point > vm.Machine.RetiredInstructions)
                {
                    Assert.Equal(StopReason.BudgetUsed, vm.Step(point - vm.Machine.RetiredInstructions).Reason);
                }

                text += vm.Console.Transcript;
                using var snapshot = new MemoryStream();
                vm.Save(snapshot);
                vm.Dispose();
                vm = VirtualMachine.Create(options);
                snapshot.Position = 0;
                vm.Restore(snapshot);
            }

            text += vm.Console.Expect("started disk A", FirmwareBench.Patience);
            Assert.Equal(expected, text);
            Assert.Equal(end, vm.Machine.RetiredInstructions);
        }
        finally
        {
            vm.Dispose();
        }
    }

    [Fact]
    public void Both_engines_execute_the_firmware_alike()
    {
        LockstepResult result = LockstepRun.Run(new LockstepOptions { Machine = FirmwareBench.Options(), MaxInstructions = 30_000_000 });
        Assert.True(result.Divergence is null, result.Divergence?.Report);
    }

    private byte[]? Assemble(string name)
    {
        byte[]? program = FirmwareBench.Assemble(_files, name);
        if (program is null)
        {
            output.WriteLine("SKIPPED: as (package binutils) is not installed.");
        }

        return program;
    }

    private string WriteDisk(string name, byte[] program, char letter)
    {
        const int LetterOffset = 509;
        byte[] start = (byte[])program.Clone();
        start[LetterOffset] = (byte)letter;
        return FirmwareBench.WriteDisk(_files, name, start);
    }
}
