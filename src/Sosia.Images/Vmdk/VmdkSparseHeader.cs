using System;
using System.Buffers.Binary;
using System.Numerics;
using Sosia.Core;

namespace Sosia.Images.Vmdk;

/// <summary>The header of a sparse extent ("VMware Virtual Disks, Virtual Disk Format 1.1"); fields are little-endian, sizes in sectors of 512 bytes.</summary>
internal sealed class VmdkSparseHeader
{
    public const int ByteCount = 512;
    public const uint EntriesPerTable = 512;

    private const uint UsesRedundant = 2;
    private const uint ZeroGrains = 4;
    private const uint CompressedGrains = 1 << 16;
    private const uint KnownFlags = 1 | UsesRedundant | ZeroGrains | CompressedGrains | (1 << 17);
    private const ulong AtEnd = ulong.MaxValue;
    private const int FooterDistance = 1024;
    private const ulong DefaultGrainSectors = 128;
    private const ulong DescriptorSectors = 20;
    private const ulong MaxTableCount = 1 << 18;

    public ulong SectorCount { get; private init; }

    public ulong GrainSectors { get; private init; }

    public ulong DescriptorOffset { get; private init; }

    public ulong DescriptorSectorCount { get; private init; }

    public ulong DirectoryOffset { get; private init; }

    /// <summary>The second directory; 0 without one.</summary>
    public ulong RedundantDirectoryOffset { get; private init; }

    public ulong OverheadSectors { get; private init; }

    public bool HasZeroGrains { get; private init; }

    public bool IsCompressed { get; private init; }

    public ulong GrainByteCount => GrainSectors * 512;

    public int TableCount => (int)((SectorCount + (GrainSectors * EntriesPerTable) - 1) / (GrainSectors * EntriesPerTable));

    /// <summary>Reads and checks a header.</summary>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static VmdkSparseHeader Read(ImageFile file)
    {
        byte[] bytes = new byte[ByteCount];
        file.ReadOrThrow(0, bytes, VmdkDescriptor.Name, "the header");
        if (U64(bytes, 56) == AtEnd && file.ByteCount > FooterDistance)
        {
            // A stream's writer knows where its directory is only at the end.
            file.ReadOrThrow(file.ByteCount - FooterDistance, bytes, VmdkDescriptor.Name, "the footer");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4));
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8));
        if (!bytes.AsSpan().StartsWith("KDMV"u8))
        {
            throw ImageErrors.Damaged(file.Path, VmdkDescriptor.Name, "its header or footer is missing");
        }

        if (version is 0 or > 3 || (flags & ~KnownFlags) != 0)
        {
            throw ImageErrors.Unsupported(file.Path, VmdkDescriptor.Name, $"version {version} of the format with the flags {flags:x}", "convert it with the program that wrote it");
        }

        ushort algorithm = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(77));
        if ((flags & CompressedGrains) != 0 && algorithm != 1)
        {
            throw ImageErrors.Unsupported(file.Path, VmdkDescriptor.Name, $"the compression algorithm {algorithm}", "convert it with the program that wrote it");
        }

        var header = new VmdkSparseHeader
        {
            SectorCount = U64(bytes, 12),
            GrainSectors = U64(bytes, 20),
            DescriptorOffset = U64(bytes, 28),
            DescriptorSectorCount = U64(bytes, 36),
            RedundantDirectoryOffset = (flags & UsesRedundant) != 0 ? U64(bytes, 48) : 0,
            DirectoryOffset = U64(bytes, 56),
            OverheadSectors = U64(bytes, 64),
            HasZeroGrains = (flags & ZeroGrains) != 0,
            IsCompressed = (flags & CompressedGrains) != 0,
        };
        header.Check(file, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(44)));
        return header;
    }

    /// <summary>Writes a new sparse file: header, descriptor, both directories with all their tables.</summary>
    public static void Create(ImageFile file, ulong diskByteCount, string fileName)
    {
        ulong sectorCount = diskByteCount / 512;
        ulong perTable = DefaultGrainSectors * EntriesPerTable;
        ulong tableCount = (sectorCount + perTable - 1) / perTable;
        if (tableCount > MaxTableCount)
        {
            throw new SosiaException($"A VMDK image holds at most {MaxTableCount * perTable * 512} bytes, not {diskByteCount}; choose a smaller disk or another format.");
        }

        ulong directorySectors = ((tableCount * 4) + 511) / 512;
        ulong redundant = 1 + DescriptorSectors;
        ulong main = redundant + directorySectors + (tableCount * 4);
        ulong overhead = (main + directorySectors + (tableCount * 4) + DefaultGrainSectors - 1) / DefaultGrainSectors * DefaultGrainSectors;
        byte[] header = new byte[ByteCount];
        "KDMV"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), 1 | UsesRedundant);
        W64(header, 12, sectorCount);
        W64(header, 20, DefaultGrainSectors);
        W64(header, 28, 1);
        W64(header, 36, DescriptorSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(44), EntriesPerTable);
        W64(header, 48, redundant);
        W64(header, 56, main);
        W64(header, 64, overhead);
        // Whoever mangles line ends on the way mangles these, too.
        "\n \r\n"u8.CopyTo(header.AsSpan(73));
        ImageErrors.ThrowIfFailed(file.Path, "created", file.SetByteCount(overhead * 512));
        WriteDirectory(file, redundant, directorySectors, tableCount);
        WriteDirectory(file, main, directorySectors, tableCount);
        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(512, VmdkDescriptor.CreateSparse(fileName, sectorCount)));
        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(0, header));
    }

    private static void WriteDirectory(ImageFile file, ulong offset, ulong directorySectors, ulong tableCount)
    {
        byte[] bytes = new byte[tableCount * 4];
        for (ulong i = 0; i < tableCount; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)i * 4), (uint)(offset + directorySectors + (i * 4)));
        }

        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(offset * 512, bytes));
    }

    private void Check(ImageFile file, uint entriesPerTable)
    {
        string? what = entriesPerTable != EntriesPerTable ? $"its grain tables of {entriesPerTable} entries are impossible"
            : !BitOperations.IsPow2(GrainSectors) || GrainSectors is < 8 or > 131072 ? $"its grain size of {GrainSectors} sectors is impossible"
            : SectorCount is 0 or > VmdkDescriptor.MaxSectorCount || (SectorCount + (GrainSectors * EntriesPerTable) - 1) / (GrainSectors * EntriesPerTable) > MaxTableCount ? $"its disk of {SectorCount} sectors is impossible"
            : DescriptorOffset > 1 << 30 || DescriptorSectorCount > VmdkDescriptor.MaxByteCount / 512 ? "its descriptor is misplaced"
            : DirectoryOffset == 0 || DirectoryOffset > file.ByteCount / 512 || RedundantDirectoryOffset > file.ByteCount / 512 ? "its grain directory is misplaced"
            : null;
        if (what is not null)
        {
            throw ImageErrors.Damaged(file.Path, VmdkDescriptor.Name, what);
        }
    }

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    private static void W64(Span<byte> bytes, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);
}
