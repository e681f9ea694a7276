using System;
using System.Buffers.Binary;
using System.IO;
using Sosia.Core;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Fuzz;

/// <summary>Damage of the kinds that cost data when it is written to: each format refuses, says so, and changes nothing.</summary>
public sealed class DamagedImageTests : IDisposable
{
    private const int DiskByteCount = 128 << 20;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(ImageFormat.Qcow2)]
    [InlineData(ImageFormat.Vdi)]
    [InlineData(ImageFormat.Vhd)]
    [InlineData(ImageFormat.Vmdk)]
    [InlineData(ImageFormat.Vhdx)]
    public void A_table_entry_that_leads_out_of_the_file_is_refused_for_writing_and_an_error_for_reading(ImageFormat format)
    {
        string path = Create(format, out ulong clusterByteCount);
        byte[] bytes = File.ReadAllBytes(path);
        WriteEntry(bytes, format, 1, OutsideOf(format, ReadEntry(bytes, format, 1)));
        RefuseForWriting(path, format, bytes);
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = true });
        byte[] sector = new byte[512];
        Assert.Equal(BlockResult.Ok, image.Read(0, sector));
        Assert.Equal(0xa1, sector[0]);
        Assert.NotEqual(BlockResult.Ok, image.Read(clusterByteCount, sector));
    }

    [Theory]
    [InlineData(ImageFormat.Qcow2)]
    [InlineData(ImageFormat.Vdi)]
    [InlineData(ImageFormat.Vhd)]
    [InlineData(ImageFormat.Vmdk)]
    [InlineData(ImageFormat.Vhdx)]
    public void Two_table_entries_with_the_same_place_are_refused_for_writing_and_found_by_check(ImageFormat format)
    {
        string path = Create(format, out _);
        byte[] bytes = File.ReadAllBytes(path);
        WriteEntry(bytes, format, 1, ReadEntry(bytes, format, 0));
        RefuseForWriting(path, format, bytes);
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = true, ForCheck = true });
        Assert.NotEmpty(image.Check(repair: false).Messages);
    }

    [Theory]
    [InlineData(ImageFormat.Qcow2, 7, 9)]
    [InlineData(ImageFormat.Vdi, 0x46, 9)]
    [InlineData(ImageFormat.Vhd, 0x0c, 9)]
    [InlineData(ImageFormat.Vmdk, 4, 9)]
    public void A_version_of_the_future_is_refused_for_reading_and_writing(ImageFormat format, int place, byte version)
    {
        string path = Create(format, out _);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[place] = version;
        if (format == ImageFormat.Vhd)
        {
            // The footer's copy at the start, and the footer.
            FixVhdChecksum(bytes.AsSpan(0, 512));
            bytes.AsSpan(0, 512).CopyTo(bytes.AsSpan(bytes.Length - 512));
        }

        RefuseForWriting(path, format, bytes);
        Assert.Throws<SosiaException>(() => DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = true }));
    }

    [Theory]
    [InlineData(ImageFormat.Qcow2)]
    [InlineData(ImageFormat.Vdi)]
    [InlineData(ImageFormat.Vhd)]
    [InlineData(ImageFormat.Vmdk)]
    [InlineData(ImageFormat.Vhdx)]
    public void An_image_of_each_format_has_one_writer(ImageFormat format)
    {
        string path = Create(format, out _);
        using DiskImage first = DiskImages.Open(path, new ImageOpenOptions { Format = format });
        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open(path, new ImageOpenOptions { Format = format }));
        Assert.Contains("in use by another virtual machine", error.Message, StringComparison.Ordinal);
    }

    private static void RefuseForWriting(string path, ImageFormat format, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open(path, new ImageOpenOptions { Format = format }));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes));
    }

    private string Create(ImageFormat format, out ulong clusterByteCount)
    {
        string path = Path.Combine(_directory.Path, "d.img");
        ImageCreator.Create(path, new ImageCreateOptions { Format = format, ByteCount = DiskByteCount });
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format });
        clusterByteCount = image.Describe().ClusterByteCount;
        byte[] sector = new byte[512];
        for (byte i = 0; i < 2; i++)
        {
            sector.AsSpan().Fill((byte)(0xa1 + i));
            Assert.Equal(BlockResult.Ok, image.Write(i * clusterByteCount, sector));
        }

        return path;
    }

    // Where the entries are that lead to the disk's first clusters.
    private static int TableOf(byte[] bytes, ImageFormat format)
    {
        switch (format)
        {
            case ImageFormat.Qcow2:
                int first = (int)BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(40));
                return (int)(BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(first)) & 0xffff_ffff_ffff_fe00 & ~(1UL << 63));
            case ImageFormat.Vdi:
                return BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x154));
            case ImageFormat.Vhd:
                return (int)BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(512 + 16));
            case ImageFormat.Vmdk:
                int directory = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(56)) * 512;
                return BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(directory)) * 512;
            default:
                ReadOnlySpan<byte> identity = new Guid("2DC27766-F623-4200-9D64-115E9BFD4A08").ToByteArray();
                return (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(bytes.AsSpan().IndexOf(identity) + 16));
        }
    }

    private static ulong ReadEntry(byte[] bytes, ImageFormat format, int index)
    {
        int table = TableOf(bytes, format);
        return format switch
        {
            ImageFormat.Qcow2 => BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(table + (index * 8))),
            ImageFormat.Vhdx => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(table + (index * 8))),
            ImageFormat.Vhd => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(table + (index * 4))),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(table + (index * 4))),
        };
    }

    private static void WriteEntry(byte[] bytes, ImageFormat format, int index, ulong entry)
    {
        int table = TableOf(bytes, format);
        switch (format)
        {
            case ImageFormat.Qcow2:
                BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(table + (index * 8)), entry);
                break;
            case ImageFormat.Vhdx:
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(table + (index * 8)), entry);
                break;
            case ImageFormat.Vhd:
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(table + (index * 4)), (uint)entry);
                break;
            default:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(table + (index * 4)), (uint)entry);
                break;
        }
    }

    // The same flags, and a place a gigabyte or more further on.
    private static ulong OutsideOf(ImageFormat format, ulong entry) => format switch
    {
        ImageFormat.Qcow2 or ImageFormat.Vhdx => entry + (1UL << 40),
        ImageFormat.Vdi => entry + 0x1_0000,
        _ => entry + 0x40_0000,
    };

    private static void FixVhdChecksum(Span<byte> footer)
    {
        footer.Slice(64, 4).Clear();
        uint sum = 0;
        foreach (byte value in footer)
        {
            sum += value;
        }

        BinaryPrimitives.WriteUInt32BigEndian(footer[64..], ~sum);
    }
}
