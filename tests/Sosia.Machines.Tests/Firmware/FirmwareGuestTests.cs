using System;
using System.Buffers.Binary;
using System.IO;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>What other people wrote, started by firmware.</summary>
public sealed class FirmwareGuestTests(ITestOutputHelper output) : IDisposable
{
    private const int SectorByteCount = 512;
    private const int PartitionStart = 2048;
    private const int DiskSectors = 65536;
    private const string Grub = "/usr/lib/grub/i386-pc";
    private const string Prompt = "sosia:~# ";

    private const string GrubStart = """
        serial --unit=0 --speed=115200
        terminal_input serial
        terminal_output serial
        set root=(hd0,msdos1)
        set prefix=(hd0,msdos1)/boot/grub
        """;

    private const string GrubMenu = """
        set timeout=-1
        menuentry "Linux from the disk" {
          linux /boot/bzImage console=ttyS0 panic=-1
          initrd /boot/initrd
        }
        menuentry "Start again" {
          reboot
        }
        """;

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("recompiler")]
    [InlineData("interpreter")]
    [Trait("Category", "Boot")]
    public void Grub_starts_linux_from_a_virtio_disk(string engine)
    {
        if (MakeGrubDisk() is not { } disk)
        {
            output.WriteLine("SKIPPED: GRUB (packages grub-common, grub-pc-bin) or mke2fs is not installed.");
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Engine = engine,
            MemoryByteCount = 64 << 20,
            ClockMode = ClockMode.Fast,
            Drives = [new DriveOptions(disk, IsSnapshot: true)],
        });
        vm.Console.Expect("Start again", FirmwareBench.Patience);
        vm.Console.Send("\r");
        string text = vm.Console.Expect(Prompt, FirmwareBench.Patience);
        Assert.Contains("SMBIOS 2.8 present.", text, StringComparison.Ordinal);
        Assert.Contains("ACPI: RSDP", text, StringComparison.Ordinal);
        vm.Console.Send("dd if=/dev/vda bs=512 count=1 2>/dev/null | tail -c 2 | hexdump -C; poweroff\n");
        vm.Console.Expect("55 aa", FirmwareBench.Patience);
        Assert.Equal(StopReason.PoweredOff, vm.Run(FirmwareBench.Patience).Reason);
    }

    [Theory]
    [InlineData("seabios", 2)]
    [InlineData("/usr/share/qemu/qboot.rom", 1)]
    [Trait("Category", "Boot")]
    public void Firmware_starts_the_kernel_that_it_gets_through_fw_cfg(string bios, int cpuCount)
    {
        if (bios != "seabios" && !File.Exists(bios))
        {
            output.WriteLine("SKIPPED: qboot (package qemu-system-data) is not installed.");
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Bios = bios,
            CpuCount = cpuCount,
            MemoryByteCount = 64 << 20,
            Kernel = Repository.SmallLinux("bzImage"),
            Initrd = Repository.SmallLinux("initrd"),
            Append = "console=ttyS0",
        });
        string text = vm.Console.Expect(Prompt, FirmwareBench.Patience);
        Assert.Contains("Command line: console=ttyS0", text, StringComparison.Ordinal);
        if (cpuCount > 1)
        {
            Assert.Contains($"smp: Brought up 1 node, {cpuCount} CPUs", text, StringComparison.Ordinal);
        }
    }

    // A disk with a boot record, GRUB's core behind it, and a partition with an ext2 file system; null where a program is missing.
    private string? MakeGrubDisk()
    {
        string root = _files.Path("root");
        Directory.CreateDirectory(Path.Combine(root, "boot", "grub"));
        File.WriteAllText(Path.Combine(root, "boot", "grub", "grub.cfg"), GrubMenu);
        File.Copy(Repository.SmallLinux("bzImage"), Path.Combine(root, "boot", "bzImage"));
        File.Copy(Repository.SmallLinux("initrd"), Path.Combine(root, "boot", "initrd"));
        File.WriteAllText(_files.Path("start.cfg"), GrubStart);
        string core = _files.Path("core.img");
        string disk = _files.Path("grub.img");
        using (FileStream file = File.Create(disk))
        {
            file.SetLength((long)DiskSectors * SectorByteCount);
        }

        if (!File.Exists(Path.Combine(Grub, "boot.img"))
            || !FirmwareBench.TryRun("grub-mkimage", $"-O i386-pc -c {_files.Path("start.cfg")} -o {core} -p (hd0,msdos1)/boot/grub biosdisk part_msdos ext2 serial terminal normal linux reboot")
            || !FirmwareBench.TryRun("mke2fs", $"-q -t ext2 -E offset={PartitionStart * SectorByteCount} -d {root} {disk} {(DiskSectors - PartitionStart) / 2}k"))
        {
            return null;
        }

        // GRUB's core says itself that it lies in the sectors behind the boot record.
        byte[] record = File.ReadAllBytes(Path.Combine(Grub, "boot.img"));
        Span<byte> partition = record.AsSpan(446, 64);
        partition.Clear();
        partition[0] = 0x80;
        partition[4] = 0x83;
        BinaryPrimitives.WriteUInt32LittleEndian(partition[8..], PartitionStart);
        BinaryPrimitives.WriteUInt32LittleEndian(partition[12..], DiskSectors - PartitionStart);
        using FileStream image = File.OpenWrite(disk);
        image.Write(record);
        image.Write(File.ReadAllBytes(core));
        return disk;
    }
}
