using System;
using System.IO;
using System.Text;
using Sosia.Core;
using Sosia.Core.Snapshots;
using Sosia.Devices.Block;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Block;

public sealed class DriveOptionsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Every_key_is_understood()
    {
        Assert.Equal(new DriveOptions("a.img"), DriveOptions.Parse("file=a.img,format=raw,if=virtio"));
        Assert.Equal(new DriveOptions("a.img", Format: null, IsReadOnly: true, IsSnapshot: true), DriveOptions.Parse("readonly,snapshot,file=a.img"));
        Assert.Equal(new DriveOptions("a.img", Format: null, IsReadOnly: true), DriveOptions.Parse("file=a.img,readonly=on,snapshot=off"));
        Assert.Equal(ImageFormat.Vhd, DriveOptions.Parse("file=a,format=vpc").Format);
        Assert.Null(DriveOptions.Parse("file=a,format=auto").Format);
        Assert.Equal(new DriveOptions("", Format: null, DriveInterface.Ide, IsReadOnly: true) { IsCdRom = true }, DriveOptions.Parse("if=cdrom"));
        Assert.Equal(
            new DriveOptions("a.iso", Format: null, DriveInterface.Ahci, IsReadOnly: true) { IsCdRom = true, Index = 3 },
            DriveOptions.Parse("file=a.iso,if=ahci,media=cdrom,index=3"));
        Assert.Equal(new BlockErrorPolicy(BlockErrorAction.Report, BlockErrorAction.Stop), DriveOptions.Parse("file=a,werror=report,rerror=stop").ErrorPolicy);
        Assert.Equal("odd,name=x.img", DriveOptions.Parse("file=odd,,name=x.img").File);
        Assert.Equal("tail,", DriveOptions.Parse("file=tail,,").File);
    }

    [Theory]
    [InlineData("", "unknown key ''")]
    [InlineData("format=raw", "names no file")]
    [InlineData("file=", "no value for 'file'")]
    [InlineData("file", "no value for 'file'")]
    [InlineData("file=a,colour=red", "unknown key 'colour'")]
    [InlineData("file=a,file=b", "gives 'file' twice")]
    [InlineData("file=a,format=zip", "'zip' is unknown")]
    [InlineData("file=a,if=scsi", "'scsi' is not implemented")]
    [InlineData("if=ide", "names no file")]
    [InlineData("file=a,if=nvme,media=cdrom", "on an interface that has none")]
    [InlineData("file=a,if=cdrom,media=disk", "a disk and for a CD-ROM drive at once")]
    [InlineData("file=a,index=32", "'index' has the value '32'")]
    [InlineData("file=a,werror=maybe", "'werror' has the value 'maybe'")]
    [InlineData("file=a,if=sata", "'sata' is unknown")]
    [InlineData("file=a,readonly=maybe", "'maybe'")]
    public void Bad_options_are_named(string text, string part)
    {
        SosiaException error = Assert.Throws<SosiaException>(() => DriveOptions.Parse(text));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Opening_follows_the_options()
    {
        string path = _directory.CreateImage(8192);
        using (IBlockBackend disk = DriveOptions.Parse($"file={path},format=raw").Open())
        {
            Assert.False(disk.IsReadOnly);
        }

        using (IBlockBackend disk = DriveOptions.Parse($"file={path},readonly,snapshot").Open())
        {
            Assert.True(disk.IsReadOnly);
        }

        using IBlockBackend first = DriveOptions.Parse($"file={path},snapshot").Open();
        using IBlockBackend second = DriveOptions.Parse($"file={path},snapshot").Open();
        Assert.Equal(BlockResult.Ok, first.Write(0, new byte[512]));
        byte[] sector = new byte[512];
        Assert.Equal(BlockResult.Ok, second.Read(0, sector));
        Assert.Equal(TemporaryDirectory.PatternByte(1), sector[1]);
    }

    [Fact]
    public void A_machine_with_a_folder_that_is_written_to_cannot_be_saved()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_directory.Path, "shared")).FullName;
        using var drive = new BlockDrive("disk0", DriveOptions.Parse($"file=fat:rw:{folder}").Open(), BlockErrorPolicy.Default);
        SosiaException error = Assert.Throws<SosiaException>(() => drive.Save(new SnapshotWriter(), string.Empty));
        Assert.Contains("saved", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_is_recognized_by_its_header_unless_the_user_names_the_format()
    {
        string path = _directory.CreateImage(4096);
        using (FileStream stream = File.OpenWrite(path))
        {
            stream.Write(Encoding.Latin1.GetBytes("QFI\u00fb"));
        }

        SosiaException error = Assert.Throws<SosiaException>(() => DriveOptions.Parse($"file={path}").Open());
        Assert.Contains("qcow2 image", error.Message, StringComparison.Ordinal);
        DriveOptions.Parse($"file={path},format=raw").Open().Dispose();
    }

    [Fact]
    public void A_guest_cannot_turn_a_disk_that_was_taken_for_raw_into_another_format()
    {
        string path = _directory.CreateImage(4096);
        byte[] sector = new byte[512];
        Encoding.Latin1.GetBytes("QFI\u00fb").CopyTo(sector, 0);
        using (IBlockBackend disk = DriveOptions.Parse($"file={path}").Open())
        {
            Assert.Equal(BlockResult.ReadOnly, disk.Write(0, sector));
            Assert.Equal(BlockResult.Ok, disk.Write(512, sector));
            Assert.Equal(BlockResult.Ok, disk.Write(0, new byte[512]));
        }

        using IBlockBackend named = DriveOptions.Parse($"file={path},format=raw").Open();
        Assert.Equal(BlockResult.Ok, named.Write(0, sector));
    }
}
