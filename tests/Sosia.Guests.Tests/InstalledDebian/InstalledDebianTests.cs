using System;
using System.IO;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Machines;
using Xunit;

namespace Sosia.Guests.Tests.InstalledDebian;

/// <summary>A Debian on a disk: SeaBIOS, GRUB, Debian's kernel and initial RAM disk, systemd, a login, a shutdown, and a clean file system.</summary>
[Trait("Category", "Boot")]
public sealed class InstalledDebianTests : IDisposable
{
    private const string Image = "debian-disk.img";
    private const string Prompt = "root@debian:~# ";
    private const string SecondMenuEntry = "\x1b[B\r";

    private readonly string _folder = Directory.CreateTempSubdirectory("sosia-debian-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [ImageTheory(Image)]
    [InlineData("virtio", "vda1")]
    [InlineData("ide", "sda1")]
    public void Debian_starts_from_its_disk_and_shuts_down_with_a_clean_file_system(string drive, string partition)
    {
        string disk = CopyOfDisk();
        using (VirtualMachine vm = Start("\r", $"file={disk},format=raw,if={drive}"))
        {
            Assert.Contains("-cloud-amd64", Command(vm, "uname -r"), StringComparison.Ordinal);
            LookAround(vm, partition);
            PowerOff(vm);
        }

        CheckPartition(disk);
    }

    // The cloud kernel has no drivers for AHCI and floppy disks, the stock one has.
    [ImageTheory(Image)]
    [InlineData("ahci", "sda1")]
    public void Debian_starts_from_an_AHCI_disk_and_uses_an_NVMe_disk_that_was_partitioned_by_typed_keys_and_a_floppy_disk(string drive, string partition)
    {
        string disk = CopyOfDisk();
        string nvme = MakeEmpty("nvme.img", 64 << 20);
        string floppy = MakeEmpty("floppy.img", 1440 << 10);
        using (VirtualMachine vm = Start(
            SecondMenuEntry, $"file={disk},format=raw,if={drive}", $"file={nvme},format=raw,if=nvme", $"file={floppy},format=raw,if=floppy"))
        {
            Assert.DoesNotContain("-cloud-amd64", Command(vm, "uname -r"), StringComparison.Ordinal);
            LookAround(vm, partition);
            Command(vm, "modprobe floppy");
            PartitionOnTheScreen(vm.TextScreen!, "/dev/nvme0n1");
            UseDisk(vm, "/dev/nvme0n1p1", "ext4", "/usr/share/zoneinfo");
            UseDisk(vm, "/dev/fd0", "ext2", "/etc/systemd");
            PowerOff(vm);
        }

        CheckPartition(disk);
        CheckPartition(nvme);
        HostProgram.Run("e2fsck", "-fn", floppy);
    }

    private static VirtualMachine Start(string menuKeys, params string[] drives)
    {
        var vm = VirtualMachine.Create(new MachineOptions
        {
            Machine = "pc",
            MemoryByteCount = 512 << 20,
            ClockMode = ClockMode.Fast,
            NoReboot = true,
            Drives = Array.ConvertAll(drives, DriveOptions.Parse),
        });
        vm.Console.Expect("stock kernel", EmbeddedGuest.Patience);
        vm.Console.Send(menuKeys);
        vm.Console.Expect("debian login: ", EmbeddedGuest.Patience);
        vm.Console.Send("root\n");
        vm.Console.Expect("Password: ", EmbeddedGuest.Patience);
        vm.Console.Send("sosia\n");
        vm.Console.Expect(Prompt, EmbeddedGuest.Patience);
        // Bash would frame what is typed with sequences for the terminal.
        Command(vm, "bind 'set enable-bracketed-paste off'");
        return vm;
    }

    private static void LookAround(VirtualMachine vm, string partition)
    {
        Assert.Contains($"/dev/{partition} ext4", Command(vm, "findmnt -rno SOURCE,FSTYPE /"), StringComparison.Ordinal);
        Assert.Equal("running", Command(vm, "systemctl is-system-running --wait").Split('\r')[0]);
        Command(vm, "cp -a /usr/share/zoneinfo /root/copy && sync && echo 3 > /proc/sys/vm/drop_caches");
        Assert.StartsWith("all is equal", Command(vm, "diff -r /usr/share/zoneinfo /root/copy && echo all is equal"), StringComparison.Ordinal);
    }

    // One partition over the whole disk, with cfdisk at the first virtual terminal.
    private static void PartitionOnTheScreen(TextScreen screen, string disk)
    {
        (string Shown, string Keys)[] dialogue =
        [
            ("debian login:", "root\n"),
            ("Password:", "sosia\n"),
            ("root@debian:~#", $"cfdisk {disk}\n"),
            ("Select label type", "\n"),
            ("Free space", "n"),
            ("Partition size:", "\n"),
            ($"{disk}p1", "W"),
            ("Are you sure you want to write the partition table", "yes\n"),
            ("The partition table has been altered", "q"),
        ];
        foreach ((string shown, string keys) in dialogue)
        {
            screen.Expect(shown, EmbeddedGuest.Patience);
            screen.Type(keys);
        }

        screen.Expect("Syncing disks", EmbeddedGuest.Patience);
    }

    // A file system on a whole disk or a partition, written, and read again from the disk itself.
    private static void UseDisk(VirtualMachine vm, string device, string type, string contents)
    {
        Command(vm, $"mke2fs -q -F -t {type} {device} && mount {device} /mnt && cp -a {contents} /mnt/copy && umount /mnt");
        Command(vm, $"echo 3 > /proc/sys/vm/drop_caches; mount {device} /mnt");
        Assert.StartsWith("all is equal", Command(vm, $"diff -r --no-dereference {contents} /mnt/copy && echo all is equal"), StringComparison.Ordinal);
        Command(vm, "umount /mnt");
    }

    private static void PowerOff(VirtualMachine vm)
    {
        vm.Console.Send("poweroff\n");
        Assert.Equal(StopReason.PoweredOff, vm.Run(EmbeddedGuest.Patience).Reason);
    }

    private static string Command(VirtualMachine vm, string command)
    {
        vm.Console.Send(command + "\n");
        // The terminal echoes the command first.
        vm.Console.Expect("\r\n", EmbeddedGuest.Patience);
        return vm.Console.Expect(Prompt, EmbeddedGuest.Patience);
    }

    // All partitions here begin at the first mebibyte.
    private static void CheckPartition(string disk)
    {
        string report = HostProgram.Run("e2fsck", "-fn", $"{disk}?offset={1 << 20}");
        Assert.DoesNotContain("recovering journal", report, StringComparison.Ordinal);
    }

    private string CopyOfDisk()
    {
        string disk = Path.Combine(_folder, "disk.img");
        CachedImage.Copy(Image, disk);
        return disk;
    }

    private string MakeEmpty(string name, int byteCount)
    {
        string path = Path.Combine(_folder, name);
        using FileStream file = File.Create(path);
        file.SetLength(byteCount);
        return path;
    }
}
