using System;
using System.Buffers.Binary;

namespace Sosia.Images.Fat;

/// <summary>Where everything is on the FAT disk, in sectors of 512 bytes: a partition table and one partition with FAT16 or FAT32.</summary>
internal sealed class FatLayout
{
    public const int SectorByteCount = 512;
    public const uint PartitionStart = 2048;
    public const uint FirstDataCluster = 2;
    public const uint Fat32Root = 2;

    private const uint MinFat16Clusters = 4200;
    private const uint MaxFat16Clusters = 65000;
    private const uint MinFat32Clusters = 66000;
    private const uint MaxFat32Clusters = 0x0fff_0000;
    private const uint Fat32ReservedSectors = 32;

    private FatLayout()
    {
    }

    public bool IsFat32 { get; private init; }

    public uint ClusterSectors { get; private init; }

    public uint ClusterCount { get; private init; }

    public uint FatSectors { get; private init; }

    /// <summary>The sectors of FAT16's root folder; 0 for FAT32, whose root is in clusters.</summary>
    public uint RootSectors { get; private init; }

    public uint ReservedSectors => IsFat32 ? Fat32ReservedSectors : 1;

    public uint FirstFatSector => PartitionStart + ReservedSectors;

    public uint RootSector => FirstFatSector + (2 * FatSectors);

    public uint DataSector => RootSector + RootSectors;

    public ulong SectorCount => DataSector + ((ulong)ClusterCount * ClusterSectors);

    /// <summary>Where a cluster begins, in bytes.</summary>
    public ulong PlaceOf(uint cluster) => (DataSector + ((ulong)(cluster - FirstDataCluster) * ClusterSectors)) * SectorByteCount;

    public int ClusterByteCount => (int)ClusterSectors * SectorByteCount;

    /// <summary>Chooses the smallest clusters with which everything has room; null when nothing is large enough.</summary>
    /// <param name="countClusters">How many clusters of some size the contents need.</param>
    /// <param name="rootByteCount">The length of the root folder.</param>
    /// <param name="freeByteCount">How much room there shall be for new files, at least.</param>
    public static FatLayout? Choose(Func<int, bool, ulong> countClusters, int rootByteCount, ulong freeByteCount)
    {
        // Where files can be added, so can entries to the root folder.
        uint rootSectors = ((uint)(rootByteCount + SectorByteCount - 1) / SectorByteCount) + (freeByteCount == 0 ? 0u : 64);
        for (uint sectors = 4; sectors <= 64; sectors *= 2)
        {
            ulong needed = countClusters((int)sectors * SectorByteCount, false) + (freeByteCount / (sectors * SectorByteCount));
            if (needed <= MaxFat16Clusters && rootSectors <= 4095)
            {
                uint count = Math.Max(MinFat16Clusters, (uint)needed);
                return new FatLayout { ClusterSectors = sectors, ClusterCount = count, FatSectors = ((count + 2) * 2 / SectorByteCount) + 1, RootSectors = Math.Max(32, rootSectors) };
            }
        }

        for (uint sectors = 8; sectors <= 64; sectors *= 2)
        {
            ulong needed = countClusters((int)sectors * SectorByteCount, true) + (freeByteCount / (sectors * SectorByteCount));
            if (needed <= MaxFat32Clusters && needed * sectors < uint.MaxValue - (64 << 20))
            {
                uint count = Math.Max(MinFat32Clusters, (uint)needed);
                return new FatLayout { IsFat32 = true, ClusterSectors = sectors, ClusterCount = count, FatSectors = (uint)(((ulong)count + 2) * 4 / SectorByteCount) + 1 };
            }
        }

        return null;
    }

    /// <summary>The partition table.</summary>
    public byte[] MakePartitionTable()
    {
        byte[] sector = new byte[SectorByteCount];
        // The signature that operating systems tell disks apart by.
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(440), 0x50534146);
        Span<byte> entry = sector.AsSpan(446, 16);
        // Addresses beyond what cylinders, heads and sectors can say; the type is FAT with LBA.
        entry[1..4].Fill(0xff);
        entry[4] = IsFat32 ? (byte)0x0c : (byte)0x0e;
        entry[5..8].Fill(0xff);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], PartitionStart);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], (uint)(SectorCount - PartitionStart));
        sector[510] = 0x55;
        sector[511] = 0xaa;
        return sector;
    }

    /// <summary>The partition's first sector, which describes the file system.</summary>
    public byte[] MakeBootSector()
    {
        byte[] sector = new byte[SectorByteCount];
        // jmp to itself-after-the-fields: there is nothing to boot.
        ReadOnlySpan<byte> jump = [0xeb, 0xfe, 0x90];
        jump.CopyTo(sector);
        "MSWIN4.1"u8.CopyTo(sector.AsSpan(3));
        W16(sector, 11, SectorByteCount);
        sector[13] = (byte)ClusterSectors;
        W16(sector, 14, (ushort)ReservedSectors);
        sector[16] = 2;
        W16(sector, 17, (ushort)(RootSectors * (SectorByteCount / FatDirectory.EntryByteCount)));
        sector[21] = 0xf8;
        W16(sector, 22, IsFat32 ? (ushort)0 : (ushort)FatSectors);
        W16(sector, 24, 63);
        W16(sector, 26, 255);
        W32(sector, 28, PartitionStart);
        W32(sector, 32, (uint)(SectorCount - PartitionStart));
        int extended = IsFat32 ? 64 : 36;
        if (IsFat32)
        {
            W32(sector, 36, FatSectors);
            W32(sector, 44, Fat32Root);
            W16(sector, 48, 1);
            W16(sector, 50, 6);
        }

        sector[extended] = 0x80;
        sector[extended + 2] = 0x29;
        W32(sector, extended + 3, 0x50534146);
        "SOSIA      "u8.CopyTo(sector.AsSpan(extended + 7));
        (IsFat32 ? "FAT32   "u8 : "FAT16   "u8).CopyTo(sector.AsSpan(extended + 18));
        sector[510] = 0x55;
        sector[511] = 0xaa;
        return sector;
    }

    /// <summary>FAT32's sector with the number of free clusters.</summary>
    public byte[] MakeInformationSector(uint freeClusters, uint nextFree)
    {
        byte[] sector = new byte[SectorByteCount];
        W32(sector, 0, 0x41615252);
        W32(sector, 484, 0x61417272);
        W32(sector, 488, freeClusters);
        W32(sector, 492, nextFree);
        W32(sector, 508, 0xaa550000);
        return sector;
    }

    private static void W16(byte[] bytes, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(offset), value);

    private static void W32(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);
}
