using System;
using System.Buffers.Binary;
using System.Text;
using Sosia.Core;

namespace Sosia.Images.Vhdx;

/// <summary>Writes new VHDX images.</summary>
internal static class VhdxCreator
{
    private const uint BlockByteCount = 8 << 20;
    private const ulong LogOffset = 1 << 20;
    private const ulong MetadataOffset = 2 << 20;
    private const ulong BatOffset = 3 << 20;
    private const uint SectorByteCount = 512;
    private const uint IsVirtualDisk = 2;
    private const uint IsRequired = 4;

    /// <summary>Writes an empty image: identifier, headers, region tables, an empty log, metadata and the table of blocks.</summary>
    /// <exception cref="SosiaException">An option is impossible, or the host failed.</exception>
    public static void Create(ImageFile file, ImageCreateOptions options)
    {
        bool isFixed = options.Subformat switch
        {
            null or "dynamic" => options.Preallocation != Preallocation.Off,
            "fixed" => true,
            _ => throw new SosiaException($"VHDX images have no variant '{options.Subformat}'; choose dynamic or fixed."),
        };
        if (options.ByteCount > VhdxLayout.MaxDiskByteCount)
        {
            throw new SosiaException($"A VHDX image holds at most 64 TiB, not {options.ByteCount} bytes; choose a smaller disk or another format.");
        }

        ulong blockCount = (options.ByteCount + BlockByteCount - 1) / BlockByteCount;
        ulong chunkRatio = (8UL << 20) * SectorByteCount / BlockByteCount;
        ulong entryCount = blockCount + ((blockCount - 1) / chunkRatio);
        ulong batByteCount = ((entryCount * 8) + VhdxLayout.MegaByte - 1) & ~(VhdxLayout.MegaByte - 1);
        ulong dataOffset = BatOffset + batByteCount;
        ulong dataByteCount = isFixed ? blockCount * BlockByteCount : 0;
        Do(file, file.SetByteCount(dataOffset + dataByteCount));
        if (options.Preallocation == Preallocation.Falloc)
        {
            Do(file, file.Reserve(dataOffset, dataByteCount));
        }

        byte[] bat = new byte[isFixed ? entryCount * 8 : 0];
        for (ulong i = 0; isFixed && i < blockCount; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bat.AsSpan((int)(i + (i / chunkRatio)) * 8), (dataOffset + (i * BlockByteCount)) | VhdxImage.FullyPresent);
        }

        Do(file, file.Write(BatOffset, bat));
        WriteMetadata(file, options.ByteCount, isFixed);
        byte[] regions = MakeRegions((uint)batByteCount);
        Do(file, file.Write(VhdxLayout.FirstRegionTable, regions));
        Do(file, file.Write(VhdxLayout.SecondRegionTable, regions));
        VhdxHeader.Create(file, LogOffset, (uint)VhdxLayout.MegaByte);
        byte[] identifier = new byte[4096];
        "vhdxfile"u8.CopyTo(identifier);
        Encoding.Unicode.GetBytes("Sosia").CopyTo(identifier, 8);
        Do(file, file.Write(0, identifier));
    }

    private static void WriteMetadata(ImageFile file, ulong diskByteCount, bool isFixed)
    {
        byte[] table = new byte[VhdxLayout.MetadataTableByteCount + 4096];
        "metadata"u8.CopyTo(table);
        int count = 0;
        int place = VhdxLayout.MetadataTableByteCount;
        void Add(Guid id, ReadOnlySpan<byte> value, uint flags)
        {
            Span<byte> entry = table.AsSpan(32 + (count++ * 32), 32);
            id.TryWriteBytes(entry);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], (uint)place);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[20..], (uint)value.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[24..], flags);
            value.CopyTo(table.AsSpan(place));
            place += value.Length;
        }

        // The first flag says that blocks stay allocated.
        Add(VhdxLayout.FileParameters, [.. BitConverter.GetBytes(BlockByteCount), .. BitConverter.GetBytes(isFixed ? 1u : 0u)], IsRequired);
        Add(VhdxLayout.DiskSize, BitConverter.GetBytes(diskByteCount), IsVirtualDisk | IsRequired);
        Add(VhdxLayout.DiskId, Guid.NewGuid().ToByteArray(), IsVirtualDisk | IsRequired);
        Add(VhdxLayout.LogicalSectorSize, BitConverter.GetBytes(SectorByteCount), IsVirtualDisk | IsRequired);
        Add(VhdxLayout.PhysicalSectorSize, BitConverter.GetBytes(4096u), IsVirtualDisk | IsRequired);
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(10), (ushort)count);
        Do(file, file.Write(MetadataOffset, table));
    }

    private static byte[] MakeRegions(uint batByteCount)
    {
        byte[] table = new byte[VhdxLayout.RegionTableByteCount];
        "regi"u8.CopyTo(table);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(8), 2);
        WriteRegion(table.AsSpan(16), VhdxLayout.BatRegion, BatOffset, batByteCount);
        WriteRegion(table.AsSpan(48), VhdxLayout.MetadataRegion, MetadataOffset, (uint)VhdxLayout.MegaByte);
        VhdxLayout.WriteChecksum(table);
        return table;
    }

    private static void WriteRegion(Span<byte> entry, Guid id, ulong offset, uint byteCount)
    {
        id.TryWriteBytes(entry);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], offset);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[24..], byteCount);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[28..], 1);
    }

    private static void Do(ImageFile file, BlockResult result) => ImageErrors.ThrowIfFailed(file.Path, "created", result);
}
