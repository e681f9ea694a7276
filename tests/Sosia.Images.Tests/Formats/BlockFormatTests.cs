using System;
using System.IO;
using System.Linq;
using Sosia.Core;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Formats;

public sealed class BlockFormatTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [QemuTheory]
    [InlineData(ImageFormat.Vdi, "vdi", "static=off")]
    [InlineData(ImageFormat.Vdi, "vdi", "static=on")]
    [InlineData(ImageFormat.Vhd, "vpc", "subformat=dynamic")]
    [InlineData(ImageFormat.Vhd, "vpc", "subformat=dynamic,force_size=on")]
    [InlineData(ImageFormat.Vhd, "vpc", "subformat=fixed,force_size=on")]
    [InlineData(ImageFormat.Vmdk, "vmdk", "subformat=monolithicSparse")]
    [InlineData(ImageFormat.Vmdk, "vmdk", "subformat=monolithicFlat")]
    [InlineData(ImageFormat.Vmdk, "vmdk", "subformat=twoGbMaxExtentSparse")]
    [InlineData(ImageFormat.Vmdk, "vmdk", "subformat=twoGbMaxExtentFlat")]
    [InlineData(ImageFormat.Vhdx, "vhdx", "subformat=dynamic")]
    [InlineData(ImageFormat.Vhdx, "vhdx", "subformat=fixed,block_size=1M")]
    public void What_qemu_wrote_is_read_and_written_on(ImageFormat format, string qemuFormat, string options)
    {
        byte[] disk = RandomWork.MakeDisk(9 << 20, seed: 60);
        string path = PathOf("a.img");
        QemuImg.Run("convert", "-f", "raw", "-O", qemuFormat, "-o", options, Write("a.raw", disk), path);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format }))
        {
            Assert.Equal(format, image.Format);
            // QEMU rounds some sizes up to whole cylinders.
            Array.Resize(ref disk, (int)image.ByteCount);
            RandomWork.AssertHolds(image, disk);
            RandomWork.Run(image, disk, seed: 61, count: 300);
            RandomWork.AssertHolds(image, disk);
        }

        AssertSound(path, format, qemuFormat, disk);
    }

    [QemuTheory]
    [InlineData(ImageFormat.Vdi, "vdi", null)]
    [InlineData(ImageFormat.Vdi, "vdi", "fixed")]
    [InlineData(ImageFormat.Vhd, "vpc", null)]
    [InlineData(ImageFormat.Vhd, "vpc", "fixed")]
    [InlineData(ImageFormat.Vmdk, "vmdk", null)]
    [InlineData(ImageFormat.Vhdx, "vhdx", null)]
    [InlineData(ImageFormat.Vhdx, "vhdx", "fixed")]
    public void What_we_create_and_write_is_sound_for_qemu(ImageFormat format, string qemuFormat, string? subformat)
    {
        byte[] disk = new byte[(40 << 20) + 1024];
        string path = PathOf("n.img");
        ImageCreator.Create(path, new ImageCreateOptions { Format = format, ByteCount = (ulong)disk.Length, Subformat = subformat });
        for (int round = 0; round < 2; round++)
        {
            using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format }))
            {
                RandomWork.Run(image, disk, seed: 70 + round, count: 200);
            }

            AssertSound(path, format, qemuFormat, disk);
        }
    }

    [QemuFact]
    public void Stream_optimized_images_are_read_but_not_written()
    {
        byte[] disk = RandomWork.MakeDisk((4 << 20) + 512, seed: 80);
        string path = PathOf("s.vmdk");
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", Write("s.raw", disk), path);
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions { IsReadOnly = true }))
        {
            RandomWork.AssertHolds(image, disk);
        }

        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open(path, new ImageOpenOptions()));
        Assert.Contains("stream-optimized", error.Message, StringComparison.Ordinal);
    }

    [QemuFact]
    public void A_vmdk_shows_its_parent_through()
    {
        byte[] disk = RandomWork.MakeDisk(2 << 20, seed: 81);
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", Write("p.raw", disk), PathOf("parent.vmdk"));
        QemuImg.Run("create", "-f", "vmdk", "-F", "vmdk", "-b", PathOf("parent.vmdk"), PathOf("child.vmdk"));
        using DiskImage image = DiskImages.Open(PathOf("child.vmdk"), new ImageOpenOptions { IsReadOnly = true });
        RandomWork.AssertHolds(image, disk);
    }

    [Fact]
    public void A_differencing_vdi_finds_its_parent_by_its_identity()
    {
        string parent = PathOf("parent.vdi");
        string child = PathOf("child.vdi");
        byte[] disk = new byte[3 << 20];
        ImageCreator.Create(parent, new ImageCreateOptions { Format = ImageFormat.Vdi, ByteCount = (ulong)disk.Length });
        using (DiskImage image = DiskImages.Open(parent, new ImageOpenOptions()))
        {
            RandomWork.Run(image, disk, seed: 82, count: 60);
        }

        ImageCreator.Create(child, new ImageCreateOptions { Format = ImageFormat.Vdi, ByteCount = (ulong)disk.Length });
        byte[] block = Enumerable.Repeat((byte)0x5a, 1 << 20).ToArray();
        using (DiskImage image = DiskImages.Open(child, new ImageOpenOptions()))
        {
            Assert.Equal(BlockResult.Ok, image.Write(1 << 20, block));
        }

        // The child's header: type 4, and its parent's UUID.
        byte[] bytes = File.ReadAllBytes(child);
        bytes[0x4c] = 4;
        File.ReadAllBytes(parent).AsSpan(0x188, 16).CopyTo(bytes.AsSpan(0x1a8));
        File.WriteAllBytes(child, bytes);
        block.CopyTo(disk, 1 << 20);
        using (DiskImage image = DiskImages.Open(child, new ImageOpenOptions { IsReadOnly = true }))
        {
            RandomWork.AssertHolds(image, disk);
        }

        File.Delete(parent);
        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open(child, new ImageOpenOptions { IsReadOnly = true }));
        Assert.Contains("parent", error.Message, StringComparison.Ordinal);
    }

    [QemuTheory]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    [InlineData(ImageFormat.Vdi)]
    [InlineData(ImageFormat.Vhd)]
    [InlineData(ImageFormat.Vmdk)]
    [InlineData(ImageFormat.Vhdx)]
    public void Every_format_converts_to_every_other(ImageFormat from)
    {
        byte[] disk = RandomWork.MakeDisk((6 << 20) + 512, seed: 90);
        string raw = Write("raw.img", disk);
        string source = PathOf("source.img");
        using (DiskImage image = DiskImages.Open(raw, new ImageOpenOptions { IsReadOnly = true, Format = ImageFormat.Raw }))
        {
            ImageConverter.Convert(image, source, new ConvertOptions { Target = new ImageCreateOptions { Format = from } });
        }

        foreach (ImageFormat to in new[] { ImageFormat.Raw, ImageFormat.Qcow2, ImageFormat.Vdi, ImageFormat.Vhd, ImageFormat.Vmdk, ImageFormat.Vhdx })
        {
            string target = PathOf($"target-{to}.img");
            using (DiskImage image = DiskImages.Open(source, new ImageOpenOptions { IsReadOnly = true }))
            {
                Assert.Equal(from, image.Format);
                ImageConverter.Convert(image, target, new ConvertOptions { Target = new ImageCreateOptions { Format = to } });
            }

            QemuImg.AssertSame(raw, "raw", target, QemuName(to));
        }

        Assert.Equal(8, Directory.GetFiles(_directory.Path).Length);
    }

    private static string QemuName(ImageFormat format) => format == ImageFormat.Vhd ? "vpc" : DiskImages.NameOf(format);

    private string PathOf(string name) => Path.Combine(_directory.Path, name);

    private string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(PathOf(name), bytes);
        return PathOf(name);
    }

    private void AssertSound(string path, ImageFormat format, string qemuFormat, byte[] disk)
    {
        string raw = Write("expected.raw", disk);
        // QEMU cannot check VHD.
        if (format != ImageFormat.Vhd)
        {
            int status = QemuImg.TryRun(out string output, "check", "-f", qemuFormat, path);
            Assert.True(status is 0 or 63, output);
        }

        QemuImg.AssertSame(raw, "raw", path, qemuFormat);
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = true, ForCheck = true });
        Assert.Empty(image.Check(repair: false).Messages);
    }
}
