using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Sosia.Core;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Fat;

/// <summary>A guest writes to a folder of the host, which is shown as a FAT disk.</summary>
public sealed class FatFolderWriteTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _folder;

    public FatFolderWriteTests() => _folder = Directory.CreateDirectory(Path.Combine(_directory.Path, "shared")).FullName;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_the_guest_does_to_its_files_is_done_to_those_of_the_host()
    {
        Put("keep.txt", "stays");
        Put("old.txt", new string('o', 40_000));
        Put("gone.txt", "is deleted");
        Put("A rather long name.dat", "is renamed");
        Put("Sub/moved file.txt", new string('m', 70_000));
        Put("Sub/deeper/kept too", "untouched");
        HostProgram.Run("chmod", "751", Path.Combine(_folder, "old.txt"));
        string source = Path.Combine(_directory.Path, "new");
        File.WriteAllText(source, new string('n', 100_000));
        using DiskImage disk = Open();
        FatGuest guest = new(disk, _directory.Path);
        guest.Run("mcopy", "-m", source, "::/A new file with a long näme.bin").Run("mcopy", "-o", source, "::/old.txt").Run("mdel", "::/gone.txt")
            .Run("mren", "::/A rather long name.dat", "another.name").Run("mmd", "::/Fresh folder").Run("mcopy", source, "::/Fresh folder/inner").Run("mmove", "::/Sub/moved file.txt", "::/Fresh folder").Write();
        Assert.DoesNotContain("another.name", Names());
        Assert.Equal(BlockResult.Ok, disk.Flush());

        Assert.Equal(["A new file with a long näme.bin", "Fresh folder/inner", "Fresh folder/moved file.txt", "Sub/deeper/kept too", "another.name", "keep.txt", "old.txt"], Names());
        Assert.Equal(new string('n', 100_000), Get("A new file with a long näme.bin"));
        Assert.Equal(new string('n', 100_000), Get("old.txt"));
        Assert.Equal(new string('n', 100_000), Get("Fresh folder/inner"));
        Assert.Equal(new string('m', 70_000), Get("Fresh folder/moved file.txt"));
        Assert.Equal("is renamed", Get("another.name"));
        Assert.Equal("untouched", Get("Sub/deeper/kept too"));
        Assert.Equal("751", HostProgram.Run("stat", "-c", "%a", Path.Combine(_folder, "old.txt")).Trim());

        // The disk goes on being the guest's, and a second round works on what the first one made.
        AssertShowsFolder(disk);
        guest.Run("mdeltree", "::/Sub").Run("mren", "::/Fresh folder", "Renamed folder").Run("mcopy", "-o", Path.Combine(_folder, "keep.txt"), "::/old.txt").Write();
        Assert.Equal(BlockResult.Ok, disk.FlushLast());
        Assert.Null(disk.FailureText);
        Assert.Equal(["A new file with a long näme.bin", "Renamed folder/inner", "Renamed folder/moved file.txt", "another.name", "keep.txt", "old.txt"], Names());
        Assert.Equal("stays", Get("old.txt"));
        AssertShowsFolder(disk);
        Assert.Empty(Directory.GetFiles(_directory.Path, "*.unsaved*"));
    }

    [Fact]
    public void A_part_of_a_large_file_is_changed_and_the_rest_stays()
    {
        byte[] bytes = new byte[300_000];
        new Random(5).NextBytes(bytes);
        File.WriteAllBytes(Path.Combine(_folder, "large"), bytes);
        using DiskImage disk = Open();
        FatGuest guest = new(disk, _directory.Path);
        long place = Find(guest.Partition, bytes.AsSpan(200_192, 64));
        guest.Patch(place, 1, 2, 3, 4).Write();
        new byte[] { 1, 2, 3, 4 }.CopyTo(bytes, 200_192);
        Assert.Equal(BlockResult.Ok, disk.Flush());
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(_folder, "large")));

        // What the guest has not written comes from the file that was replaced.
        guest.Patch(place, 9).Run("mcopy", "::/large", Path.Combine(_directory.Path, "copy")).Write();
        bytes[200_192] = 9;
        Assert.Equal(BlockResult.Ok, disk.Flush());
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(_folder, "large")));
    }

    [Fact]
    public void A_large_folder_is_FAT32_and_is_written_back_too()
    {
        // A sparse file: it takes no space.
        using (FileStream large = File.Create(Path.Combine(_folder, "zz large")))
        {
            large.SetLength(2200L << 20);
        }

        Put("small.txt", "small");
        using DiskImage disk = Open();
        Assert.Contains(new("fileSystem", "FAT32"), disk.Describe().Details);
        string source = Path.Combine(_directory.Path, "new");
        File.WriteAllText(source, new string('n', 50_000));
        FatGuest guest = new(disk, _directory.Path);
        guest.Run("mcopy", source, "::/written").Run("mdel", "::/small.txt").Run("mmd", "::/folder").Run("mcopy", source, "::/folder/inner").Write();
        Assert.Equal(BlockResult.Ok, disk.FlushLast());
        Assert.Equal(["folder/inner", "written", "zz large"], Names());
        Assert.Equal(new string('n', 50_000), Get("folder/inner"));
    }

    [Fact]
    public void In_the_middle_of_a_change_the_folder_waits_for_the_next_flush()
    {
        Put("a.txt", new string('a', 20_000));
        using DiskImage disk = Open();
        FatGuest guest = new(disk, _directory.Path);
        string before = Path.Combine(_directory.Path, "before");
        File.Copy(guest.Partition, before);
        guest.Run("mdel", "::/a.txt");

        // The tables say already that the clusters are free, the folder says still that they are a file's.
        byte[] tables = new byte[512];
        using (FileStream copy = File.OpenRead(guest.Partition))
        {
            copy.Position = 512;
            copy.ReadExactly(tables);
        }

        Assert.Equal(BlockResult.Ok, disk.Write(FatGuest.PartitionStart + 512, tables));
        Assert.Equal(BlockResult.Ok, disk.Flush());
        Assert.Equal(["a.txt"], Names());
        guest.Write();
        Assert.Equal(BlockResult.Ok, disk.Flush());
        Assert.Empty(Names());
    }

    [Fact]
    public void An_inconsistent_file_system_changes_nothing_and_is_kept_as_an_image()
    {
        Put("a.txt", "first");
        using (DiskImage disk = Open())
        {
            FatGuest guest = new(disk, _directory.Path);
            string source = Path.Combine(_directory.Path, "new");
            File.WriteAllText(source, "second");

            // The second table is not what the first one is.
            guest.Run("mcopy", source, "::/b.txt").Write();
            Assert.Equal(BlockResult.Ok, disk.Write(FatGuest.PartitionStart + 512, new byte[512]));
            Assert.Equal(BlockResult.Ok, disk.Flush());
            Assert.Equal(BlockResult.Corrupt, disk.FlushLast());
            Assert.Contains("the two file allocation tables differ", disk.FailureText, StringComparison.Ordinal);
            string kept = _folder + ".unsaved-1.img";
            Assert.Contains(kept, disk.FailureText, StringComparison.Ordinal);
            Assert.Equal((long)disk.ByteCount, new FileInfo(kept).Length);
            HostProgram.Run("mdir", "-i", kept + "@@1M", "::/b.txt");
        }

        Assert.Equal(["a.txt"], Names());
        Assert.Equal("first", Get("a.txt"));
    }

    [Fact]
    public void A_file_that_the_host_has_changed_meanwhile_is_not_overwritten()
    {
        Put("a.txt", "first");
        string source = Path.Combine(_directory.Path, "new");
        File.WriteAllText(source, "of the guest");
        using DiskImage disk = Open();
        Put("a.txt", "of the host, meanwhile");
        new FatGuest(disk, _directory.Path).Run("mcopy", source, "::/b.txt").Run("mcopy", "-o", source, "::/a.txt").Write();
        Assert.Equal(BlockResult.HostError, disk.Flush());
        Assert.Contains("'" + Path.Combine(_folder, "a.txt") + "' was changed on the host meanwhile", disk.FailureText, StringComparison.Ordinal);
        Assert.Equal("of the host, meanwhile", Get("a.txt"));
        Assert.Equal(BlockResult.HostError, disk.FlushLast());
        Assert.True(File.Exists(_folder + ".unsaved-1.img"));
    }

    [Fact]
    public void A_link_on_the_host_is_neither_followed_nor_replaced()
    {
        string outside = Path.Combine(_directory.Path, "outside");
        File.WriteAllText(outside, "precious");
        File.CreateSymbolicLink(Path.Combine(_folder, "link"), outside);
        string elsewhere = Directory.CreateDirectory(Path.Combine(_directory.Path, "elsewhere")).FullName;
        Directory.CreateDirectory(Path.Combine(_folder, "sub"));
        string source = Path.Combine(_directory.Path, "new");
        File.WriteAllText(source, "of the guest");
        using DiskImage disk = Open();
        FatGuest guest = new(disk, _directory.Path);
        guest.Run("mcopy", source, "::/link").Write();
        Assert.Equal(BlockResult.HostError, disk.Flush());
        Assert.Equal("precious", File.ReadAllText(outside));

        // A folder that becomes a link to another one while the machine runs.
        Directory.Delete(Path.Combine(_folder, "sub"));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "sub"), elsewhere);
        guest.Run("mdel", "::/link").Run("mcopy", source, "::/sub/escaped").Write();
        Assert.Equal(BlockResult.HostError, disk.Flush());
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("../x")]
    [InlineData("a\\b")]
    [InlineData("#x")]
    public void A_name_that_leads_out_of_the_folder_makes_the_file_system_inconsistent(string name)
    {
        Put("sub/abcdefghijk.text", "as long as it takes for a long name");
        using DiskImage disk = Open();
        FatGuest guest = new(disk, _directory.Path);
        // The characters of a long name are five, then six, then two.
        byte[] old = Encoding.Unicode.GetBytes("abcde");
        long place = Find(guest.Partition, old);
        byte[] characters = new byte[10];
        for (int i = 0; i < name.Length; i++)
        {
            // Half of a pair of surrogates, which no test case can hold.
            BinaryPrimitives.WriteUInt16LittleEndian(characters.AsSpan(2 * i), name[i] == '#' ? (ushort)0xd800 : name[i]);
        }

        // It becomes the last long entry, and the one before it is deleted: the name ends here.
        guest.Patch(place - 1, 0x41).Patch(place, characters).Patch(place - 33, 0xe5).Write();
        Assert.Equal(BlockResult.Ok, disk.Flush());
        Assert.Equal(BlockResult.Corrupt, disk.FlushLast());
        Assert.Contains("a name that no file can have", disk.FailureText, StringComparison.Ordinal);
        Assert.Equal(["sub/abcdefghijk.text"], Names());
    }

    [Fact]
    public void Random_damage_to_the_file_system_never_throws_or_leaves_the_folder()
    {
        Put("a.txt", new string('a', 5000));
        Put("Sub/long name of a file.txt", new string('b', 70_000));
        var random = new Random(11);
        for (int round = 0; round < 25; round++)
        {
            using DiskImage disk = Open();
            byte[] sector = new byte[512];
            for (int i = 0; i < 6; i++)
            {
                // The boot sector, the tables, the root folder and the first clusters.
                ulong place = (ulong)random.Next(random.Next(2) == 0 ? 4 : 500) * 512;
                Assert.Equal(BlockResult.Ok, disk.Read(FatGuest.PartitionStart + place, sector));
                sector[random.Next(random.Next(2) == 0 ? 64 : 512)] = (byte)random.Next(256);
                Assert.Equal(BlockResult.Ok, disk.Write(FatGuest.PartitionStart + place, sector));
                disk.Flush();
            }
        }

        Assert.Equal([_folder], Directory.GetDirectories(_directory.Path));
        Assert.DoesNotContain(Names(), static name => name.Contains(".sosia-", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_has_one_writer_and_leftovers_of_a_killed_one_are_removed()
    {
        string leftOver = Path.Combine(_folder, ".sosia-0123456789abcdef0123456789abcdef.tmp");
        File.WriteAllText(leftOver, "half");
        using (DiskImage disk = Open())
        {
            Assert.False(File.Exists(leftOver));
            SosiaException error = Assert.Throws<SosiaException>(Open);
            Assert.Contains("another virtual machine", error.Message, StringComparison.Ordinal);
            using DiskImage reader = DiskImages.Open($"fat:{_folder}", new ImageOpenOptions { IsReadOnly = true });
        }

        Open().Dispose();
    }

    [Fact]
    public void Names_that_FAT_cannot_tell_apart_are_refused_in_words()
    {
        Put("a.txt", "1");
        Put("A.TXT", "2");
        SosiaException error = Assert.Throws<SosiaException>(Open);
        Assert.Contains("small letters from capitals", error.Message, StringComparison.Ordinal);
    }

    private static long Find(string path, ReadOnlySpan<byte> wanted)
    {
        byte[] start = new byte[16 << 20];
        using FileStream file = File.OpenRead(path);
        file.ReadExactly(start);
        int place = start.AsSpan().IndexOf(wanted);
        Assert.True(place > 0);
        return place;
    }

    // As a guest that reads the disk afterwards finds it.
    private void AssertShowsFolder(DiskImage disk)
    {
        var guest = new FatGuest(disk, _directory.Path);
        HostProgram.Run("fsck.fat", "-n", guest.Partition);
        string copy = Directory.CreateDirectory(guest.Partition + "-copy").FullName;
        guest.Run("mcopy", "-s", "::/*", copy);
        Assert.Equal(Names(), NamesIn(copy));
        Assert.All(Names(), name => Assert.Equal(Get(name), File.ReadAllText(Path.Combine(copy, name))));
    }

    private DiskImage Open() => DiskImages.Open($"fat:rw:{_folder}", new ImageOpenOptions());

    private void Put(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private string Get(string name) => File.ReadAllText(Path.Combine(_folder, name));

    private List<string> Names() => NamesIn(_folder);

    private static List<string> NamesIn(string folder)
        => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal)];
}
