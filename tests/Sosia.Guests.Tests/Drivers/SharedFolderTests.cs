using System;
using System.IO;
using System.Linq;
using Sosia.Control;
using Xunit;

namespace Sosia.Guests.Tests.Drivers;

/// <summary>Linux's FAT driver on a folder of the host.</summary>
[Trait("Category", "Boot")]
public sealed class SharedFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sosia-shared-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [ImageFact(DriverGuest.Image)]
    public void What_Linux_does_to_the_files_of_a_FAT_disk_is_done_to_the_hosts_folder_by_fsync_and_at_the_end()
    {
        string shared = Directory.CreateDirectory(Path.Combine(_folder, "shared")).FullName;
        byte[] large = new byte[300_000];
        new Random(1).NextBytes(large);
        File.WriteAllBytes(Path.Combine(shared, "large.bin"), large);
        File.WriteAllText(Path.Combine(shared, "gone.txt"), "is deleted");
        File.WriteAllText(Path.Combine(shared, "old name.txt"), "is renamed");
        Directory.CreateDirectory(Path.Combine(shared, "inner"));
        File.WriteAllText(Path.Combine(shared, "inner", "moved.txt"), "is moved");

        using (var vm = VirtualMachine.Create(DriverGuest.Options(_folder, $"file=fat:rw:{shared},if=virtio")))
        {
            vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
            Assert.Contains("mounted", EmbeddedGuest.Command(vm, "mount -t vfat -o utf8 /dev/vda1 /mnt && echo mounted"), StringComparison.Ordinal);
            EmbeddedGuest.Command(vm, "cd /mnt; rm gone.txt; mv 'old name.txt' 'A much longer name than DOS ever had.text'; mkdir -p New/folder; mv inner/moved.txt New/folder/; cd");
            EmbeddedGuest.Command(vm, "cd /mnt; cp large.bin copy.bin; printf changed | dd of=large.bin bs=1 seek=1000 conv=notrunc 2>/dev/null; echo hello > New/h\u00e4llo.txt; sync; dd if=/dev/null of=large.bin conv=notrunc,fsync; cd");
            // Linux's FAT driver flushes the disk for fsync, but neither for sync nor for umount.
            Assert.Equal(
                ["A much longer name than DOS ever had.text", "New/folder/moved.txt", "New/h\u00e4llo.txt", "copy.bin", "large.bin"],
                FilesBelow(shared));
            Assert.Equal(large, File.ReadAllBytes(Path.Combine(shared, "copy.bin")));
            "changed"u8.CopyTo(large.AsSpan(1000));
            Assert.Equal(large, File.ReadAllBytes(Path.Combine(shared, "large.bin")));

            // Without fsync, and shorter: a hundred files in a folder, half of them removed, and a file cut off.
            EmbeddedGuest.Command(vm, "cd /mnt; mkdir many; for i in $(seq 100); do echo \"number $i\" > \"many/file number $i\"; done; for i in $(seq 1 2 100); do rm \"many/file number $i\"; done; cd");
            EmbeddedGuest.Command(vm, "cd /mnt; rmdir inner; dd if=/dev/null of=copy.bin bs=1 seek=100000 2>/dev/null; cd; umount /mnt; echo done");
            vm.Console.Send("poweroff\n");
            Assert.Equal(StopReason.PoweredOff, vm.Run(EmbeddedGuest.Patience).Reason);
        }

        Assert.Equal(50, Directory.GetFiles(Path.Combine(shared, "many")).Length);
        Assert.Equal(Enumerable.Range(1, 50).Select(static i => $"number {2 * i}\n"), Enumerable.Range(1, 50).Select(i => File.ReadAllText(Path.Combine(shared, "many", $"file number {2 * i}"))));
        Assert.Equal("is moved", File.ReadAllText(Path.Combine(shared, "New", "folder", "moved.txt")));
        Assert.Equal("is renamed", File.ReadAllText(Path.Combine(shared, "A much longer name than DOS ever had.text")));
        Assert.Equal("hello\n", File.ReadAllText(Path.Combine(shared, "New", "h\u00e4llo.txt")));
        Assert.Equal(100_000, new FileInfo(Path.Combine(shared, "copy.bin")).Length);
        Assert.False(Directory.Exists(Path.Combine(shared, "inner")));
        Assert.Empty(Directory.GetFiles(_folder, "*.unsaved*"));
        Assert.DoesNotContain(FilesBelow(shared), static name => name.Contains(".sosia-", StringComparison.Ordinal));
    }

    private static string[] FilesBelow(string folder)
        => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal)];
}
