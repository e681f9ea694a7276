using System;
using System.Collections.Generic;
using System.IO;
using Sosia.Images.Tests.Fat;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests;

/// <summary>The host's file system is full in the middle of a write: the image stays whole, and the write can be repeated when there is room.</summary>
public sealed class FullHostTests : IDisposable
{
    private const int PieceByteCount = 192 * 1024;
    private const int DiskByteCount = 24 << 20;

    private readonly TemporaryDirectory _directory = new();
    private readonly string _small;

    public FullHostTests() => _small = Directory.CreateDirectory(Path.Combine(_directory.Path, "small")).FullName;

    public void Dispose()
    {
        if (Environment.IsPrivilegedProcess)
        {
            HostProgram.Run("umount", _small);
        }

        _directory.Dispose();
    }

    [RootQemuTheory]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    [InlineData(ImageFormat.Vdi)]
    [InlineData(ImageFormat.Vhd)]
    [InlineData(ImageFormat.Vmdk)]
    [InlineData(ImageFormat.Vhdx)]
    public void A_write_that_finds_no_space_is_repeated_and_nothing_is_lost(ImageFormat format)
    {
        HostProgram.Run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", _small);
        string path = Path.Combine(_small, "disk.img");
        ImageCreator.Create(path, new ImageCreateOptions { Format = format, ByteCount = DiskByteCount });
        string filler = Path.Combine(_small, "filler");
        File.WriteAllBytes(filler, new byte[52 << 20]);
        byte[] disk = new byte[DiskByteCount];
        new Random(3).NextBytes(disk);
        int refusals = 0;
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format }))
        {
            Array.Resize(ref disk, (int)image.ByteCount);
            foreach (int place in Shuffled(disk.Length))
            {
                ReadOnlySpan<byte> piece = disk.AsSpan(place, Math.Min(PieceByteCount, disk.Length - place));
                for (BlockResult result = image.Write((ulong)place, piece); result != BlockResult.Ok; result = image.Write((ulong)place, piece))
                {
                    Assert.Equal(BlockResult.NoSpace, result);
                    refusals++;
                    Assert.True(image.Flush() is BlockResult.Ok or BlockResult.NoSpace);
                    AssertSound(path, format);
                    File.Delete(filler);
                }
            }

            Assert.Equal(BlockResult.Ok, image.Flush());
        }

        Assert.Equal(1, refusals);
        AssertSound(path, format);
        string raw = Path.Combine(_directory.Path, "expected.raw");
        File.WriteAllBytes(raw, disk);
        QemuImg.AssertSame(raw, "raw", path, format == ImageFormat.Vhd ? "vpc" : DiskImages.NameOf(format));
    }

    [RootQemuTheory]
    [InlineData("fat")]
    public void A_folder_that_has_no_space_keeps_its_files_until_there_is(string prefix)
    {
        HostProgram.Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", _small);
        string source = Path.Combine(_directory.Path, "new");
        File.WriteAllText(source, new string('n', 2_000_000));
        File.WriteAllText(Path.Combine(_small, "a"), new string('o', 1_000_000));
        File.WriteAllBytes(Path.Combine(_small, "filler"), new byte[2_000_000]);
        using DiskImage disk = DiskImages.Open($"{prefix}:rw:{_small}", new ImageOpenOptions());
        FatGuest guest = new(disk, _directory.Path);
        guest.Run("mcopy", "-o", source, "::/a").Write();
        Assert.Equal(BlockResult.NoSpace, disk.Flush());
        Assert.Equal(2, Directory.GetFiles(_small).Length);
        Assert.Equal(new string('o', 1_000_000), File.ReadAllText(Path.Combine(_small, "a")));
        guest.Run("mdel", "::/filler").Write();

        // What is to be removed makes no room for what comes first.
        Assert.Equal(BlockResult.NoSpace, disk.Flush());
        HostProgram.Run("mount", "-o", "remount,size=16m", _small);
        Assert.Equal(BlockResult.Ok, disk.Flush());
        Assert.Equal([Path.Combine(_small, "a")], Directory.GetFiles(_small));
        Assert.Equal(new string('n', 2_000_000), File.ReadAllText(Path.Combine(_small, "a")));
    }

    private static void AssertSound(string path, ImageFormat format)
    {
        if (format is ImageFormat.Qcow2 or ImageFormat.Vdi or ImageFormat.Vmdk or ImageFormat.Vhdx)
        {
            // 3: space is leaked, no more.
            int status = QemuImg.TryRun(out string output, "check", "-U", "-f", DiskImages.NameOf(format), path);
            Assert.True(status is 0 or 3, output);
        }
    }

    private static List<int> Shuffled(int byteCount)
    {
        List<int> places = [];
        for (int place = 0; place < byteCount; place += PieceByteCount)
        {
            places.Add(place);
        }

        var random = new Random(4);
        for (int i = places.Count - 1; i > 0; i--)
        {
            int other = random.Next(i + 1);
            (places[i], places[other]) = (places[other], places[i]);
        }

        return places;
    }
}
