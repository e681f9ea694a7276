using System;
using System.Buffers.Binary;
using System.Numerics;
using Sosia.Core;

namespace Sosia.Images.Vhdx;

/// <summary>What a VHDX image's region table and metadata say of the disk.</summary>
internal sealed class VhdxMetadata
{
    private const int MaxEntryCount = 2047;
    private const ulong MaxBatEntryCount = 16 << 20;
    private const uint IsRequired = 4;
    private const uint HasParent = 2;

    public ulong BatOffset { get; private set; }

    public uint BatByteCount { get; private set; }

    public ulong MetadataOffset { get; private set; }

    public uint MetadataByteCount { get; private set; }

    public uint BlockByteCount { get; private set; }

    public ulong DiskByteCount { get; private set; }

    public uint SectorByteCount { get; private set; }

    public Guid DiskId { get; private set; }

    /// <summary>After so many blocks, the table has one entry for a bitmap of theirs.</summary>
    public ulong ChunkRatio => (8UL << 20) * SectorByteCount / BlockByteCount;

    public ulong BlockCount => (DiskByteCount + BlockByteCount - 1) / BlockByteCount;

    /// <summary>How many entries the table needs for the disk.</summary>
    public ulong BatEntryCount => BlockCount + ((BlockCount - 1) / ChunkRatio);

    /// <summary>Reads both tables.</summary>
    /// <exception cref="SosiaException">They are damaged or demand what is not implemented.</exception>
    public static VhdxMetadata Read(ImageFile file)
    {
        var metadata = new VhdxMetadata();
        metadata.ReadRegions(file);
        metadata.ReadItems(file);
        metadata.CheckFields(file);
        return metadata;
    }

    private void ReadRegions(ImageFile file)
    {
        byte[] table = new byte[VhdxLayout.RegionTableByteCount];
        if (!TryReadTable(file, VhdxLayout.FirstRegionTable, table) && !TryReadTable(file, VhdxLayout.SecondRegionTable, table))
        {
            throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, "both its region tables are broken");
        }

        uint count = Math.Min(U32(table, 8), MaxEntryCount);
        for (int i = 0; i < (int)count; i++)
        {
            ReadOnlySpan<byte> entry = table.AsSpan(16 + (i * 32), 32);
            Guid id = new(entry[..16]);
            ulong offset = U64(entry, 16);
            uint byteCount = U32(entry, 24);
            if (offset % VhdxLayout.MegaByte != 0 || offset < VhdxLayout.MegaByte || offset > file.ByteCount || byteCount > file.ByteCount - offset)
            {
                throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, $"its region {i} lies outside the file");
            }

            if (id == VhdxLayout.BatRegion)
            {
                (BatOffset, BatByteCount) = (offset, byteCount);
            }
            else if (id == VhdxLayout.MetadataRegion)
            {
                (MetadataOffset, MetadataByteCount) = (offset, byteCount);
            }
            else if ((U32(entry, 28) & 1) != 0)
            {
                throw ImageErrors.Unsupported(file.Path, VhdxLayout.Name, $"the unknown required region {id}", "convert it with the program that wrote it");
            }
        }

        if (BatOffset == 0 || MetadataOffset == 0 || MetadataByteCount < VhdxLayout.MetadataTableByteCount)
        {
            throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, "its table of blocks or its metadata are missing");
        }
    }

    private static bool TryReadTable(ImageFile file, ulong offset, byte[] table)
        => file.Read(offset, table) == BlockResult.Ok && table.AsSpan().StartsWith("regi"u8) && VhdxLayout.HasGoodChecksum(table);

    private void ReadItems(ImageFile file)
    {
        byte[] table = new byte[VhdxLayout.MetadataTableByteCount];
        file.ReadOrThrow(MetadataOffset, table, VhdxLayout.Name, "its metadata");
        if (!table.AsSpan().StartsWith("metadata"u8))
        {
            throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, "its metadata have no header");
        }

        int count = Math.Min((int)BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(10)), MaxEntryCount);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = table.AsSpan(32 + (i * 32), 32);
            Guid id = new(entry[..16]);
            uint offset = U32(entry, 16);
            byte[] item = new byte[16];
            uint byteCount = Math.Min(U32(entry, 20), 16);
            if (offset > MetadataByteCount || byteCount > MetadataByteCount - offset)
            {
                throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, $"its metadata item {i} is misplaced");
            }

            file.ReadOrThrow(MetadataOffset + offset, item.AsSpan(0, (int)byteCount), VhdxLayout.Name, "its metadata");
            TakeItem(file, id, item, (U32(entry, 24) & IsRequired) != 0);
        }
    }

    private void TakeItem(ImageFile file, Guid id, byte[] item, bool isRequired)
    {
        if (id == VhdxLayout.FileParameters)
        {
            BlockByteCount = U32(item, 0);
            if ((U32(item, 4) & HasParent) != 0)
            {
                throw ImageErrors.Unsupported(file.Path, VhdxLayout.Name, "another image below it (differencing)", "merge it with the program that wrote it");
            }
        }
        else if (id == VhdxLayout.DiskSize)
        {
            DiskByteCount = U64(item, 0);
        }
        else if (id == VhdxLayout.LogicalSectorSize)
        {
            SectorByteCount = U32(item, 0);
        }
        else if (id == VhdxLayout.DiskId)
        {
            DiskId = new Guid(item);
        }
        else if (isRequired && id != VhdxLayout.PhysicalSectorSize && id != VhdxLayout.ParentLocator)
        {
            throw ImageErrors.Unsupported(file.Path, VhdxLayout.Name, $"the unknown required metadata item {id}", "convert it with the program that wrote it");
        }
    }

    private void CheckFields(ImageFile file)
    {
        string? what = SectorByteCount is not (512 or 4096) ? $"its sector size of {SectorByteCount} bytes is impossible"
            : !BitOperations.IsPow2(BlockByteCount) || BlockByteCount < VhdxLayout.MegaByte || BlockByteCount > 256 * VhdxLayout.MegaByte ? $"its block size of {BlockByteCount} bytes is impossible"
            : DiskByteCount is 0 or > VhdxLayout.MaxDiskByteCount || DiskByteCount % SectorByteCount != 0 ? $"its disk size of {DiskByteCount} bytes is impossible"
            : BatEntryCount > MaxBatEntryCount || BatEntryCount * 8 > BatByteCount ? "its table does not fit the disk"
            : null;
        if (what is not null)
        {
            throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, what);
        }
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
