using System;
using System.Buffers.Binary;
using System.IO;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Machines.Firmware;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>The boot loaders of the SYSLINUX project from a hard disk, a CD and a floppy image in memory.</summary>
public sealed class SyslinuxTests(ITestOutputHelper output) : IDisposable
{
    private const string Modules = "/usr/lib/syslinux/modules/bios";
    private const string BootRecord = "/usr/lib/syslinux/mbr/mbr.bin";
    private const string IsolinuxImage = "/usr/lib/ISOLINUX/isolinux.bin";
    private const string Memdisk = "/usr/lib/syslinux/memdisk";
    private const string RescueFloppy = "/usr/lib/grub-rescue/grub-rescue-floppy.img";
    private const int SectorByteCount = 512;
    private const int PartitionStart = 2048;
    private const int DiskSectors = 65536;

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("ide")]
    [InlineData("ahci")]
    [Trait("Category", "Boot")]
    public void Syslinux_starts_linux_from_a_FAT_partition(string drive)
    {
        string disk = _files.Path("disk.img");
        if (!MakeDisk(disk))
        {
            output.WriteLine("SKIPPED: SYSLINUX (packages syslinux, syslinux-common), mtools or mkfs.fat is not installed.");
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            MemoryByteCount = 64 << 20,
            ClockMode = ClockMode.Fast,
            Drives = [DriveOptions.Parse($"file={disk},format=raw,snapshot,if={drive}")],
        });
        vm.Console.Expect("SYSLINUX 6.", FirmwareBench.Patience);
        vm.Console.Expect("sosia:~# ", FirmwareBench.Patience);
    }

    /// <summary>El Torito without emulation; then a floppy disk whose sectors are in memory, behind a handler of INT 13h that is not the firmware's.</summary>
    [Theory]
    [InlineData("if=cdrom")]
    [InlineData("if=ahci,media=cdrom")]
    public void Isolinux_starts_the_GRUB_floppy_by_memdisk(string drive)
    {
        string disc = _files.Path("disc.iso");
        if (!MakeDisc(disc))
        {
            output.WriteLine("SKIPPED: ISOLINUX (packages isolinux, syslinux-common), GRUB's floppy (grub-rescue-pc) or xorriso is not installed.");
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            ClockMode = ClockMode.Fast,
            Boot = BootOptions.Parse("d,strict"),
            Drives = [DriveOptions.Parse($"file={disc},format=raw,{drive}")],
        });
        vm.Console.Expect("ISOLINUX 6.", FirmwareBench.Patience);
        vm.Console.Expect("MEMDISK 6.", FirmwareBench.Patience);
        vm.Console.Expect("GNU GRUB", FirmwareBench.Patience);
        vm.Console.Expect("The highlighted entry will be executed automatically", FirmwareBench.Patience);
    }

    // A boot record that starts the active partition, and in that a FAT file system with the loader and a kernel.
    private bool MakeDisk(string disk)
    {
        const string Configuration = """
            DEFAULT linux
            LABEL linux
              LINUX /bzImage
              INITRD /initrd
              APPEND console=ttyS0 panic=-1
            """;
        if (!File.Exists(BootRecord) || !File.Exists(Path.Combine(Modules, "menu.c32")))
        {
            return false;
        }

        byte[] start = new byte[SectorByteCount];
        File.ReadAllBytes(BootRecord).CopyTo(start, 0);
        Span<byte> partition = start.AsSpan(446, 16);
        partition[0] = 0x80;
        partition[4] = 0x0e;
        BinaryPrimitives.WriteUInt32LittleEndian(partition[8..], PartitionStart);
        BinaryPrimitives.WriteUInt32LittleEndian(partition[12..], DiskSectors - PartitionStart);
        start[510] = 0x55;
        start[511] = 0xaa;
        using (FileStream file = File.Create(disk))
        {
            file.Write(start);
            file.SetLength((long)DiskSectors * SectorByteCount);
        }

        string configuration = _files.Path("syslinux.cfg");
        File.WriteAllText(configuration, Configuration);
        string partitionName = $"{disk}@@{PartitionStart * SectorByteCount}";
        return FirmwareBench.TryRun("mkfs.fat", $"-F 16 -h {PartitionStart} --offset {PartitionStart} {disk} {(DiskSectors - PartitionStart) / 2}")
            && FirmwareBench.TryRun("mcopy", $"-i {partitionName} {configuration} {Repository.SmallLinux("bzImage")} {Repository.SmallLinux("initrd")} ::/")
            && FirmwareBench.TryRun("syslinux", $"--install --offset {PartitionStart * SectorByteCount} {disk}");
    }

    private bool MakeDisc(string disc)
    {
        const string Configuration = """
            DEFAULT floppy
            LABEL floppy
              LINUX /memdisk
              INITRD /floppy.img
            """;
        string root = _files.Path("disc");
        if (!File.Exists(IsolinuxImage) || !File.Exists(Memdisk) || !File.Exists(RescueFloppy))
        {
            return false;
        }

        Directory.CreateDirectory(root);
        File.Copy(IsolinuxImage, Path.Combine(root, "isolinux.bin"));
        File.Copy(Path.Combine(Modules, "ldlinux.c32"), Path.Combine(root, "ldlinux.c32"));
        File.Copy(Memdisk, Path.Combine(root, "memdisk"));
        File.Copy(RescueFloppy, Path.Combine(root, "floppy.img"));
        File.WriteAllText(Path.Combine(root, "isolinux.cfg"), Configuration);
        return FirmwareBench.TryRun("xorriso", $"-as mkisofs -quiet -o {disc} -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table {root}");
    }
}
