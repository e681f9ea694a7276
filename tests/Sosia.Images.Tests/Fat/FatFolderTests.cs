using System;
using System.IO;
using System.Linq;
using Sosia.Core;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Fat;

public sealed class FatFolderTests : IDisposable
{
    private const ulong PartitionStart = 1 << 20;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_folder_is_a_sound_fat_file_system_with_the_same_files()
    {
        string folder = Path.Combine(_directory.Path, "folder");
        Directory.CreateDirectory(Path.Combine(folder, "Sub folder", "deeper"));
        var random = new Random(7);
        string[] names = ["README.TXT", "a rather long name with ünïcode.dat", "A RATHER LONG NAME 2.dat", "empty", "Sub folder/x.bin", "Sub folder/deeper/file.with.dots"];
        foreach (string name in names)
        {
            byte[] bytes = new byte[name == "empty" ? 0 : random.Next(1, 200_000)];
            random.NextBytes(bytes);
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
        }

        File.CreateSymbolicLink(Path.Combine(folder, "secret"), "/etc/hostname");
        string partition = Path.Combine(_directory.Path, "partition.img");
        using (DiskImage image = DiskImages.Open($"fat:{folder}", new ImageOpenOptions { IsReadOnly = true }))
        {
            byte[] bytes = new byte[image.ByteCount - PartitionStart];
            Assert.Equal(BlockResult.Ok, image.Read(PartitionStart, bytes));
            Assert.Equal(BlockResult.ReadOnly, image.Write(0, new byte[512]));
            File.WriteAllBytes(partition, bytes);
        }

        HostProgram.Run("fsck.fat", "-n", partition);
        string copy = Path.Combine(_directory.Path, "copy");
        Directory.CreateDirectory(copy);
        HostProgram.Run("mcopy", "-s", "-i", partition, "::/*", copy);
        string[] copied = Directory.GetFiles(copy, "*", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(copy, p)).ToArray();
        Assert.Equal(names.Order(StringComparer.Ordinal), copied.Order(StringComparer.Ordinal));
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(Path.Combine(folder, name)), File.ReadAllBytes(Path.Combine(copy, name))));
    }

    [Fact]
    public void A_file_that_became_a_link_afterwards_is_not_followed()
    {
        string folder = Path.Combine(_directory.Path, "folder");
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "a.txt");
        File.WriteAllText(file, new string('a', 5000));
        using DiskImage image = DiskImages.Open($"fat:{folder}", new ImageOpenOptions { IsReadOnly = true });
        File.Delete(file);
        File.CreateSymbolicLink(file, "/etc/passwd");
        byte[] disk = new byte[image.ByteCount];
        Assert.Equal(BlockResult.HostError, image.Read(0, disk));
    }

    [Fact]
    public void Writing_to_a_folder_is_refused_in_words()
    {
        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open($"fat:{_directory.Path}", new ImageOpenOptions()));
        Assert.Contains("add readonly", error.Message, StringComparison.Ordinal);
    }
}
