using System;
using System.IO;
using Sosia.Core;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Qcow2;

public sealed class Qcow2Tests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [QemuTheory]
    [InlineData("compat=0.10")]
    [InlineData("compat=1.1")]
    [InlineData("compat=1.1,cluster_size=512")]
    [InlineData("compat=1.1,cluster_size=2M")]
    [InlineData("compat=1.1,refcount_bits=1")]
    [InlineData("compat=1.1,refcount_bits=64,cluster_size=4k")]
    [InlineData("compat=1.1,lazy_refcounts=on")]
    [InlineData("compat=1.1,preallocation=metadata")]
    public void What_qemu_wrote_is_read_and_written_on(string options)
    {
        byte[] disk = RandomWork.MakeDisk((5 << 20) + 1536, seed: 1);
        string raw = Write("a.raw", disk);
        string path = PathOf("a.qcow2");
        QemuImg.Run("convert", "-f", "raw", "-O", "qcow2", "-o", options, raw, path);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            Assert.Equal(ImageFormat.Qcow2, image.Format);
            RandomWork.AssertHolds(image, disk);
            RandomWork.Run(image, disk, seed: 2, count: 400);
            RandomWork.AssertHolds(image, disk);
        }

        AssertSound(path, disk);
    }

    [QemuTheory]
    [InlineData("zlib")]
    [InlineData("zstd")]
    public void Compressed_clusters_are_read_and_overwritten(string type)
    {
        byte[] disk = RandomWork.MakeDisk(6 << 20, seed: 3);
        string path = PathOf("c.qcow2");
        QemuImg.Run("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", $"compression_type={type}", Write("c.raw", disk), path);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = ImageFormat.Qcow2 }))
        {
            RandomWork.AssertHolds(image, disk);
            RandomWork.Run(image, disk, seed: 4, count: 300);
        }

        AssertSound(path, disk);
    }

    [QemuTheory]
    [InlineData(2, 0, false)]
    [InlineData(3, 0, false)]
    [InlineData(3, 0, true)]
    [InlineData(3, 512, false)]
    [InlineData(3, 4096, false)]
    [InlineData(2, 1 << 20, false)]
    public void What_we_create_and_write_is_sound_for_qemu(int version, int clusterByteCount, bool lazy)
    {
        byte[] disk = new byte[9 << 20];
        string path = PathOf("n.qcow2");
        ImageCreator.Create(path, new ImageCreateOptions
        {
            Format = ImageFormat.Qcow2,
            ByteCount = (ulong)disk.Length,
            Version = version,
            ClusterByteCount = (ulong)clusterByteCount,
            HasLazyRefcounts = lazy,
        });
        for (int round = 0; round < 3; round++)
        {
            using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
            {
                RandomWork.Run(image, disk, seed: 10 + round, count: 300);
            }

            AssertSound(path, disk);
        }
    }

    [QemuFact]
    public void The_refcount_table_grows_with_the_file()
    {
        // With clusters of 512 bytes one cluster of table covers 8 MiB of file.
        byte[] disk = new byte[24 << 20];
        new Random(5).NextBytes(disk);
        string path = PathOf("g.qcow2");
        ImageCreator.Create(path, new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = (ulong)disk.Length, ClusterByteCount = 512 });
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            for (int position = 0; position < disk.Length; position += 1 << 20)
            {
                Assert.Equal(BlockResult.Ok, image.Write((ulong)position, disk.AsSpan(position, 1 << 20)));
            }
        }

        AssertSound(path, disk);
    }

    [QemuFact]
    public void A_chain_of_backing_files_shows_through_and_a_shorter_one_ends_in_zeros()
    {
        byte[] bottom = RandomWork.MakeDisk(2 << 20, seed: 6);
        Write("bottom.raw", bottom);
        QemuImg.Run("create", "-f", "qcow2", "-b", "bottom.raw", "-F", "raw", PathOf("middle.qcow2"), "3M");
        byte[] disk = new byte[4 << 20];
        bottom.CopyTo(disk, 0);
        using (DiskImage middle = DiskImages.Open(PathOf("middle.qcow2"), new ImageOpenOptions()))
        {
            RandomWork.Run(middle, disk.AsSpan(0, 3 << 20).ToArray(), seed: 7, count: 0);
            byte[] part = new byte[70000 / 512 * 512];
            new Random(8).NextBytes(part);
            Assert.Equal(BlockResult.Ok, middle.Write(1 << 20, part));
            part.CopyTo(disk, 1 << 20);
        }

        ImageCreator.Create(PathOf("top.qcow2"), new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = 4 << 20, BackingFile = "middle.qcow2" });
        using (DiskImage top = DiskImages.Open(PathOf("top.qcow2"), new ImageOpenOptions()))
        {
            Assert.Equal("middle.qcow2", top.Describe().BackingFile);
            Assert.Equal("qcow2", top.Describe().BackingFormat);
            RandomWork.AssertHolds(top, disk);
            RandomWork.Run(top, disk, seed: 9, count: 300);
            RandomWork.AssertHolds(top, disk);
        }

        AssertSound(PathOf("top.qcow2"), disk);
        Assert.Equal(bottom, File.ReadAllBytes(PathOf("bottom.raw")));
    }

    [Fact]
    public void A_loop_in_the_chain_of_backing_files_is_refused()
    {
        string a = PathOf("a.qcow2");
        string b = PathOf("b.qcow2");
        ImageCreator.Create(a, new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = 1 << 20 });
        ImageCreator.Create(b, new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = 1 << 20, BackingFile = "a.qcow2" });
        File.Delete(a);
        ImageCreator.Create(a, new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = 1 << 20, BackingFile = "b.qcow2", BackingFormat = ImageFormat.Raw });
        byte[] bytes = File.ReadAllBytes(a);
        // "raw" in the backing format becomes "qcow2": what a careful program would not write.
        int place = bytes.AsSpan().IndexOf("raw"u8);
        "qcow2"u8.CopyTo(bytes.AsSpan(place));
        bytes[place - 1] = 5;
        File.WriteAllBytes(a, bytes);
        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open(a, new ImageOpenOptions()));
        Assert.Contains("itself in its chain", error.Message, StringComparison.Ordinal);
    }

    [QemuFact]
    public void Snapshots_are_kept_applied_and_deleted_both_ways()
    {
        byte[] disk = new byte[4 << 20];
        string path = PathOf("s.qcow2");
        ImageCreator.Create(path, new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = (ulong)disk.Length });
        byte[] first;
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            RandomWork.Run(image, disk, seed: 20, count: 100);
            first = (byte[])disk.Clone();
            image.SnapshotStore!.CreateSnapshot("first", DateTimeOffset.UnixEpoch.AddDays(20000));
            RandomWork.Run(image, disk, seed: 21, count: 100);
            image.SnapshotStore.CreateSnapshot("second", DateTimeOffset.UnixEpoch.AddDays(20001));
            RandomWork.Run(image, disk, seed: 22, count: 100);
            Assert.Throws<SosiaException>(() => image.SnapshotStore.CreateSnapshot("first", DateTimeOffset.UnixEpoch));
        }

        AssertSound(path, disk);
        QemuImg.Run("snapshot", "-c", "third", path);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            Assert.Equal(["first", "second", "third"], System.Linq.Enumerable.Select(image.SnapshotStore!.Snapshots, s => s.Name));
            RandomWork.AssertHolds(image, disk);
            image.SnapshotStore.DeleteSnapshot("second");
            image.SnapshotStore.ApplySnapshot("first");
            RandomWork.AssertHolds(image, first);
            RandomWork.Run(image, first, seed: 23, count: 100);
        }

        AssertSound(path, first);
        QemuImg.Run("snapshot", "-a", "third", path);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            RandomWork.AssertHolds(image, disk);
            image.SnapshotStore!.DeleteSnapshot("third");
            image.SnapshotStore.DeleteSnapshot("first");
            RandomWork.Run(image, disk, seed: 24, count: 100);
        }

        AssertSound(path, disk);
    }

    [QemuFact]
    public void Growing_and_shrinking_keep_what_remains()
    {
        byte[] disk = RandomWork.MakeDisk(3 << 20, seed: 30);
        Write("base.raw", disk);
        string path = PathOf("r.qcow2");
        ImageCreator.Create(path, new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = 1 << 20, BackingFile = "base.raw", BackingFormat = ImageFormat.Raw, ClusterByteCount = 4096 });
        byte[] expected = new byte[64 << 20];
        disk.AsSpan(0, 1 << 20).CopyTo(expected);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            // The backing file is longer than the disk was: its rest must not appear.
            image.Resize((ulong)expected.Length);
            RandomWork.AssertHolds(image, expected);
            RandomWork.Run(image, expected, seed: 31, count: 100);
        }

        AssertSound(path, expected);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            image.Resize(1000 * 512);
            RandomWork.AssertHolds(image, expected[..(1000 * 512)]);
        }

        AssertSound(path, expected[..(1000 * 512)]);
    }

    [QemuTheory]
    [InlineData(Preallocation.Metadata)]
    [InlineData(Preallocation.Falloc)]
    public void Preallocated_images_are_sound(Preallocation preallocation)
    {
        byte[] disk = new byte[70 << 20];
        string path = PathOf("p.qcow2");
        ImageCreator.Create(path, new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = (ulong)disk.Length, Preallocation = preallocation, ClusterByteCount = 16384 });
        AssertSound(path, disk);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            RandomWork.Run(image, disk, seed: 40, count: 100);
        }

        AssertSound(path, disk);
    }

    [QemuTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Compressed_conversion_is_read_by_qemu(bool zstd)
    {
        byte[] disk = RandomWork.MakeDisk((8 << 20) + 512, seed: 50);
        string path = PathOf("z.qcow2");
        using (DiskImage source = DiskImages.Open(Write("z.raw", disk), new ImageOpenOptions { IsReadOnly = true }))
        {
            ImageConverter.Convert(source, path, new ConvertOptions { Target = new ImageCreateOptions { Format = ImageFormat.Qcow2, UsesZstd = zstd }, Compress = true });
        }

        Assert.True(new FileInfo(path).Length < disk.Length * 2 / 3);
        AssertSound(path, disk);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions()))
        {
            RandomWork.AssertHolds(image, disk);
            RandomWork.Run(image, disk, seed: 51, count: 200);
        }

        AssertSound(path, disk);
    }

    [Fact]
    public void Reading_and_overwriting_allocate_nothing()
    {
        string path = PathOf("q.qcow2");
        ImageCreator.Create(path, new ImageCreateOptions { Format = ImageFormat.Qcow2, ByteCount = 8 << 20 });
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions());
        byte[] data = new byte[8 << 20];
        Array.Fill(data, (byte)1);
        Assert.Equal(BlockResult.Ok, image.Write(0, data));
        Assert.Equal(BlockResult.Ok, image.Flush());
        BlockResult result = BlockResult.Ok;
        long allocated = 0;
        for (int round = 0; round < 2; round++)
        {
            // The first round is for what is made once.
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (ulong position = 0; position < 8 << 20; position += 65536 + 4096)
            {
                result |= image.Write(position, data.AsSpan(0, 4096));
                result |= image.Read(position, data.AsSpan(0, 4096));
            }

            result |= image.Flush();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(BlockResult.Ok, result);
        Assert.Equal(0, allocated);
    }

    private string PathOf(string name) => Path.Combine(_directory.Path, name);

    private string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(PathOf(name), bytes);
        return PathOf(name);
    }

    private void AssertSound(string path, byte[] disk)
    {
        string raw = Write("expected.raw", disk);
        QemuImg.Run("check", "-f", "qcow2", path);
        QemuImg.AssertSame(raw, "raw", path, "qcow2");
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = ImageFormat.Qcow2, IsReadOnly = true, ForCheck = true });
        ImageCheck check = image.Check(repair: false);
        Assert.Empty(check.Messages);
    }
}
