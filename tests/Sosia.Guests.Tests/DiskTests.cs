using System;
using System.Diagnostics;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>A Linux guest's ext4 on virtio and ATA disks, looked at from the host with e2fsck.</summary>
[Trait("Category", "Boot")]
public sealed class DiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sosia-disk-").FullName;

    private string Image => Path.Combine(_folder, "disk.img");

    public DiskTests()
    {
        using FileStream file = File.Create(Image);
        file.SetLength(64 << 20);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_system_made_written_and_synced_by_the_guest_passes_e2fsck_on_the_host()
    {
        using (VirtualMachine vm = Boot($"file={Image},format=raw,if=virtio"))
        {
            EmbeddedGuest.Command(vm, "mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt");
            EmbeddedGuest.Command(vm, "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/mnt/f$i bs=64k count=8 2>/dev/null; done; sync; umount /mnt");
            vm.Console.Send("poweroff\n");
            RunResult end = vm.Run(EmbeddedGuest.Patience);
            Assert.Equal(0, end.ExitStatus);
        }

        CheckFileSystem("-fn");
    }

    [Theory]
    [InlineData("ide", "")]
    [InlineData("ide", "libata.dma=0")]
    [InlineData("ahci", "")]
    public void A_file_system_on_an_ATA_disk_passes_e2fsck_on_the_host(string drive, string append)
    {
        using (VirtualMachine vm = Boot($"file={Image},format=raw,if={drive}", append))
        {
            EmbeddedGuest.Command(vm, "mkfs.ext4 -q /dev/sda && mount /dev/sda /mnt");
            EmbeddedGuest.Command(vm, "for i in 1 2 3 4; do dd if=/dev/urandom of=/mnt/f$i bs=64k count=8 2>/dev/null; done; md5sum /mnt/f* > /tmp/sums; sync; umount /mnt");
            Assert.Contains("all is well", EmbeddedGuest.Command(vm, "mount /dev/sda /mnt && md5sum -c /tmp/sums && echo all is well"), StringComparison.Ordinal);
            EmbeddedGuest.Command(vm, "umount /mnt");
            vm.Console.Send("poweroff\n");
            Assert.Equal(0, vm.Run(EmbeddedGuest.Patience).ExitStatus);
        }

        CheckFileSystem("-fn");
    }

    [Fact]
    public void A_disc_is_changed_while_the_guest_runs()
    {
        string first = MakeDisc("first");
        string second = MakeDisc("second");
        using VirtualMachine vm = Boot($"file={first},format=raw,if=cdrom");
        Assert.StartsWith("first", EmbeddedGuest.Command(vm, "head -c 6 /dev/sr0"), StringComparison.Ordinal);
        vm.Eject("ide1-0");
        Assert.StartsWith("empty", EmbeddedGuest.Command(vm, "head -c 6 /dev/sr0 2>/dev/null || echo empty"), StringComparison.Ordinal);
        vm.Insert("ide1-0", DriveOptions.Parse($"file={second},format=raw"));
        Assert.StartsWith("second", EmbeddedGuest.Command(vm, "head -c 6 /dev/sr0"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_stopped_in_mid_write_leaves_a_file_system_that_its_journal_recovers()
    {
        using (VirtualMachine vm = Boot($"file={Image},format=raw,if=virtio"))
        {
            EmbeddedGuest.Command(vm, "mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt && echo kept > /mnt/kept && sync && echo synced");
            vm.Console.Send("i=0; while true; do i=$((i+1)); echo $i > /mnt/n$((i%50)); mv /mnt/n$((i%50)) /mnt/m$((i%50)); [ $((i%20)) = 0 ] && sync; done\n");
            // The guest never gets to unmount: this is the plug being pulled.
            vm.Run(TimeSpan.FromSeconds(3));
        }

        using (VirtualMachine vm = Boot($"file={Image},format=raw,if=virtio"))
        {
            Assert.Contains("kept", EmbeddedGuest.Command(vm, "mount /dev/vda /mnt && cat /mnt/kept; dmesg | grep -i ext4"), StringComparison.Ordinal);
            EmbeddedGuest.Command(vm, "umount /mnt");
            vm.Console.Send("poweroff\n");
            Assert.Equal(0, vm.Run(EmbeddedGuest.Patience).ExitStatus);
        }

        CheckFileSystem("-fn");
    }

    [Fact]
    public void A_snapshot_drive_leaves_its_file_untouched()
    {
        byte[] before = SHA256.HashData(File.ReadAllBytes(Image));
        using (VirtualMachine vm = Boot($"file={Image},format=raw,if=virtio,snapshot"))
        {
            EmbeddedGuest.Command(vm, "mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt && echo gone > /mnt/f && sync && umount /mnt");
            EmbeddedGuest.Command(vm, "mount /dev/vda /mnt");
            Assert.Contains("gone", EmbeddedGuest.Command(vm, "cat /mnt/f"), StringComparison.Ordinal);
        }

        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(Image)));
    }

    [Fact]
    public void A_read_only_drive_refuses_writes()
    {
        using VirtualMachine vm = Boot($"file={Image},format=raw,if=virtio,readonly");
        Assert.StartsWith("1", EmbeddedGuest.Command(vm, "cat /sys/block/vda/ro"), StringComparison.Ordinal);
        Assert.StartsWith("failed", EmbeddedGuest.Command(vm, "dd if=/dev/zero of=/dev/vda count=1 2>/dev/null || echo failed"), StringComparison.Ordinal);
    }

    private string MakeDisc(string text)
    {
        string path = Path.Combine(_folder, text + ".iso");
        byte[] contents = new byte[64 * 2048];
        Encoding.ASCII.GetBytes(text + "\n", contents);
        File.WriteAllBytes(path, contents);
        return path;
    }

    private static VirtualMachine Boot(string drive, string append = "")
    {
        var vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.Fast, append, drive));
        vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
        return vm;
    }

    private void CheckFileSystem(string options)
    {
        using var check = Process.Start(new ProcessStartInfo("e2fsck", [options, Image])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin" },
        })!;
        string output = check.StandardOutput.ReadToEnd() + check.StandardError.ReadToEnd();
        check.WaitForExit();
        Assert.True(check.ExitCode == 0, output);
    }
}
