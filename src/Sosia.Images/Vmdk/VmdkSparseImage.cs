using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Sosia.Core;
using Sosia.Images.Mapping;

namespace Sosia.Images.Vmdk;

/// <summary>
/// A sparse VMDK file. Grain tables are loaded when they are needed and stay (4 bytes for each grain, usually 64 KiB). Compressed files
/// (stream-optimized) and those with a parent are read only.
/// </summary>
internal sealed class VmdkSparseImage : BlockMapImage
{
    private const uint ZeroGrain = 1;
    private const int GrainMarkerByteCount = 12;

    private readonly VmdkSparseHeader _header;
    private readonly string _createType;
    private readonly uint[] _directory;
    private readonly uint[]? _redundant;
    private readonly uint[]?[] _tables;
    private readonly SortedSet<int> _dirtyTables = [];
    private bool _isDirectoryDirty;
    private byte[]? _compressed;
    private byte[]? _expanded;
    private ulong _expandedGrain = ulong.MaxValue;

    private VmdkSparseImage(ImageFile file, VmdkSparseHeader header, string createType)
        : base(file, VmdkDescriptor.Name, header.GrainByteCount)
    {
        _header = header;
        _createType = createType;
        _directory = ReadTable(header.DirectoryOffset, header.TableCount, "its grain directory");
        _redundant = header.RedundantDirectoryOffset == 0 || file.IsReadOnly ? null : ReadTable(header.RedundantDirectoryOffset, header.TableCount, "its redundant grain directory");
        _tables = new uint[]?[header.TableCount];
        HashSet<uint> seen = [];
        foreach (uint sector in _directory)
        {
            if (sector != 0 && !seen.Add(sector))
            {
                throw ImageErrors.Damaged(file.Path, VmdkDescriptor.Name, $"its grain directory leads twice to the table at sector {sector}");
            }
        }
    }

    public override ImageFormat Format => ImageFormat.Vmdk;

    public override ulong ByteCount => _header.SectorCount * 512;

    protected override ulong FirstPlace => 512;

    /// <summary>Opens a sparse file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="options">How.</param>
    /// <param name="chain">What is open already.</param>
    /// <param name="isPart">True when a descriptor elsewhere leads to it: then its own is not looked at.</param>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static VmdkSparseImage Open(ImageFile file, ImageOpenOptions options, BackingChain chain, bool isPart)
    {
        VmdkSparseHeader header = VmdkSparseHeader.Read(file);
        VmdkDescriptor? descriptor = null;
        if (!isPart && header.DescriptorOffset != 0)
        {
            byte[] bytes = new byte[header.DescriptorSectorCount * 512];
            file.ReadOrThrow(header.DescriptorOffset * 512, bytes, VmdkDescriptor.Name, "its descriptor");
            descriptor = VmdkDescriptor.Parse(file.Path, bytes);
        }

        if (!options.IsReadOnly && !options.ForCheck && (header.IsCompressed || descriptor?.ParentFile is not null))
        {
            string what = header.IsCompressed ? "compressed grains (stream-optimized), and writing to such images" : "a parent, and writing to such images";
            throw ImageErrors.Unsupported(file.Path, VmdkDescriptor.Name, what, "add readonly or snapshot to the drive, or convert it");
        }

        var image = new VmdkSparseImage(file, header, descriptor?.CreateType ?? "sparse extent");
        if (options.ForCheck)
        {
            return image;
        }

        if (!file.IsReadOnly)
        {
            image.RefuseDamage();
        }

        if (descriptor?.ParentFile is not null)
        {
            image.Parent = chain.OpenBacking(file.Path, descriptor.ParentFile, ImageFormat.Vmdk);
        }

        return image;
    }

    public override ImageInfo Describe() => new()
    {
        Format = VmdkDescriptor.Name,
        VirtualByteCount = ByteCount,
        ClusterByteCount = BlockByteCount,
        Details = [new("subformat", _createType)],
    };

    public override void Resize(ulong byteCount) => throw ImageErrors.CannotResize(Path, VmdkDescriptor.Name, "resizing is not implemented for it");

    protected override IEnumerable<(ulong Block, ulong Place)> Places()
    {
        for (ulong block = 0; block < BlockCount; block++)
        {
            if (_directory[block / VmdkSparseHeader.EntriesPerTable] == 0)
            {
                block |= VmdkSparseHeader.EntriesPerTable - 1;
                continue;
            }

            BlockResult result = Find(block, out ExtentKind kind, out ulong place);
            if (result != BlockResult.Ok)
            {
                yield return (block, ulong.MaxValue);
            }
            else if (kind is ExtentKind.Data)
            {
                yield return (block, place);
            }
        }
    }

    // Other writers end the file with the last grain's last sector.
    protected override ulong PlaceByteCount(ulong block) => 512;

    protected override BlockResult Find(ulong block, out ExtentKind kind, out ulong place)
    {
        kind = ExtentKind.Absent;
        place = 0;
        int tableIndex = (int)(block / VmdkSparseHeader.EntriesPerTable);
        if (tableIndex >= _directory.Length || _directory[tableIndex] == 0)
        {
            return BlockResult.Ok;
        }

        uint[]? table = _tables[tableIndex];
        if (table is null)
        {
            table = new uint[VmdkSparseHeader.EntriesPerTable];
            BlockResult result = File.ReadAll(_directory[tableIndex] * 512UL, MemoryMarshal.AsBytes(table.AsSpan()));
            if (result != BlockResult.Ok)
            {
                return result == BlockResult.Truncated ? BlockResult.Corrupt : result;
            }

            _tables[tableIndex] = table;
        }

        uint entry = table[block % VmdkSparseHeader.EntriesPerTable];
        if (entry == 0 || (entry == ZeroGrain && _header.HasZeroGrains))
        {
            kind = entry == 0 ? ExtentKind.Absent : ExtentKind.Zero;
            return BlockResult.Ok;
        }

        kind = _header.IsCompressed ? ExtentKind.Encoded : ExtentKind.Data;
        place = entry * 512UL;
        return place < File.ByteCount ? BlockResult.Ok : BlockResult.Corrupt;
    }

    protected override BlockResult ReadEncoded(ulong byteOffset, Span<byte> destination)
    {
        ulong grain = byteOffset / BlockByteCount;
        BlockResult result = _expandedGrain == grain ? BlockResult.Ok : Expand(grain);
        if (result == BlockResult.Ok)
        {
            _expanded.AsSpan((int)(byteOffset % BlockByteCount), destination.Length).CopyTo(destination);
        }

        return result;
    }

    protected override BlockResult Append(ulong block, out ulong place)
    {
        place = 0;
        int tableIndex = (int)(block / VmdkSparseHeader.EntriesPerTable);
        BlockResult result = _directory[tableIndex] == 0 ? AppendTable(tableIndex) : BlockResult.Ok;
        place = (File.ByteCount + BlockByteCount - 1) & ~(BlockByteCount - 1);
        // Places are 32-bit numbers of sectors.
        return result != BlockResult.Ok ? result
            : place / 512 > uint.MaxValue ? BlockResult.NoSpace
            : AppendZeros(place, BlockByteCount);
    }

    protected override void Refer(ulong block, ulong place)
    {
        int tableIndex = (int)(block / VmdkSparseHeader.EntriesPerTable);
        _tables[tableIndex]![block % VmdkSparseHeader.EntriesPerTable] = (uint)(place / 512);
        _dirtyTables.Add(tableIndex);
    }

    protected override BlockResult WriteTable()
    {
        BlockResult result = BlockResult.Ok;
        foreach (int index in _dirtyTables)
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(_tables[index].AsSpan());
            result = result != BlockResult.Ok ? result : File.Write(_directory[index] * 512UL, bytes);
            if (_redundant is not null && _redundant[index] != 0)
            {
                result = result != BlockResult.Ok ? result : File.Write(_redundant[index] * 512UL, bytes);
            }
        }

        if (result == BlockResult.Ok && _isDirectoryDirty)
        {
            result = File.Flush();
            result = result != BlockResult.Ok ? result : File.Write(_header.DirectoryOffset * 512, MemoryMarshal.AsBytes(_directory.AsSpan()));
            result = result != BlockResult.Ok || _redundant is null ? result : File.Write(_header.RedundantDirectoryOffset * 512, MemoryMarshal.AsBytes(_redundant.AsSpan()));
        }

        if (result == BlockResult.Ok)
        {
            _dirtyTables.Clear();
            _isDirectoryDirty = false;
        }

        return result;
    }

    private BlockResult AppendTable(int index)
    {
        ulong place = (File.ByteCount + 511) & ~511UL;
        ulong byteCount = VmdkSparseHeader.EntriesPerTable * 4UL;
        BlockResult result = AppendZeros(place, _redundant is null ? byteCount : 2 * byteCount);
        if (result == BlockResult.Ok)
        {
            _directory[index] = (uint)(place / 512);
            _tables[index] = new uint[VmdkSparseHeader.EntriesPerTable];
            if (_redundant is not null)
            {
                _redundant[index] = (uint)((place + byteCount) / 512);
            }

            _isDirectoryDirty = true;
        }

        return result;
    }

    private BlockResult Expand(ulong grain)
    {
        BlockResult result = Find(grain, out _, out ulong place);
        Span<byte> marker = stackalloc byte[GrainMarkerByteCount];
        result = result != BlockResult.Ok ? result : File.ReadAll(place, marker);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        uint byteCount = BinaryPrimitives.ReadUInt32LittleEndian(marker[8..]);
        _compressed ??= new byte[2 * BlockByteCount];
        _expanded ??= new byte[BlockByteCount];
        _expandedGrain = ulong.MaxValue;
        if (byteCount > (uint)_compressed.Length)
        {
            return BlockResult.Corrupt;
        }

        result = File.ReadAll(place + GrainMarkerByteCount, _compressed.AsSpan(0, (int)byteCount));
        if (result != BlockResult.Ok)
        {
            return result;
        }

        try
        {
            using var input = new MemoryStream(_compressed, 0, (int)byteCount, writable: false);
            using var stream = new ZLibStream(input, CompressionMode.Decompress);
            // The disk's last grain may be shorter.
            int length = stream.ReadAtLeast(_expanded, _expanded.Length, throwOnEndOfStream: false);
            _expanded.AsSpan(length).Clear();
            _expandedGrain = grain;
            return BlockResult.Ok;
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            return BlockResult.Corrupt;
        }
    }

    private uint[] ReadTable(ulong sector, int entryCount, string what)
    {
        if ((ulong)entryCount * 4 > File.ByteCount)
        {
            throw ImageErrors.Damaged(Path, VmdkDescriptor.Name, $"{what} lies outside the file");
        }

        uint[] entries = new uint[entryCount];
        File.ReadOrThrow(sector * 512, MemoryMarshal.AsBytes(entries.AsSpan()), VmdkDescriptor.Name, what);
        return entries;
    }
}
