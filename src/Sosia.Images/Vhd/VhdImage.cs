using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Numerics;
using System.Text;
using Sosia.Core;
using Sosia.Images.Mapping;

namespace Sosia.Images.Vhd;

/// <summary>A VHD image with blocks: dynamic ones for reading and writing, differencing ones for reading.</summary>
internal sealed class VhdImage : BlockMapImage
{
    private const int HeaderByteCount = 1024;
    private const int HeaderChecksumOffset = 36;
    private const uint Unallocated = 0xffffffff;
    private const uint DefaultBlockByteCount = 2 << 20;
    private const int SectorByteCount = 512;
    private const uint MaxEntryCount = 16 << 20;

    private readonly VhdFooter _footer;
    private readonly byte[] _footerBytes;
    private readonly uint[] _table;
    private readonly ulong _tableOffset;
    private readonly ulong _bitmapByteCount;
    private readonly byte[] _bitmap;
    private ulong _byteCount;
    private ulong _bitmapBlock = ulong.MaxValue;
    private ulong _end;
    private int _firstDirty = int.MaxValue;
    private int _lastDirty = -1;

    private VhdImage(ImageFile file, VhdFooter footer, ulong tableOffset, uint entryCount, uint blockByteCount)
        : base(file, VhdFooter.Name, blockByteCount)
    {
        _footer = footer;
        _byteCount = footer.DiskByteCount;
        _tableOffset = tableOffset;
        _footerBytes = new byte[VhdFooter.ByteCount];
        file.ReadOrThrow(0, _footerBytes, VhdFooter.Name, "the copy of its footer");
        _bitmapByteCount = ((blockByteCount / SectorByteCount / 8) + SectorByteCount - 1) & ~(ulong)(SectorByteCount - 1);
        _bitmap = new byte[_bitmapByteCount];
        byte[] bytes = new byte[entryCount * 4];
        file.ReadOrThrow(tableOffset, bytes, VhdFooter.Name, "its table");
        _table = new uint[entryCount];
        _end = FirstPlace - _bitmapByteCount;
        for (int i = 0; i < _table.Length; i++)
        {
            _table[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(i * 4));
            _end = _table[i] == Unallocated ? _end : Math.Max(_end, PlaceOf(_table[i]) + blockByteCount);
        }
    }

    public override ImageFormat Format => ImageFormat.Vhd;

    public override ulong ByteCount => _byteCount;

    // Blocks begin with their bitmap.
    protected override ulong FirstPlace
        => ((_tableOffset + ((ulong)_table.Length * 4) + SectorByteCount - 1) & ~(ulong)(SectorByteCount - 1)) + _bitmapByteCount;

    private bool IsDifferencing => _footer.Type == VhdFooter.Differencing;

    /// <summary>Opens an image with blocks.</summary>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static VhdImage Open(ImageFile file, VhdFooter footer, ImageOpenOptions options, BackingChain chain)
    {
        if (footer.Type == VhdFooter.Differencing && !options.IsReadOnly)
        {
            throw ImageErrors.Unsupported(file.Path, VhdFooter.Name, "another image below it (differencing), and writing to such images", "add readonly or snapshot to the drive, or convert it");
        }

        byte[] header = new byte[HeaderByteCount];
        file.ReadOrThrow(footer.HeaderOffset, header, VhdFooter.Name, "its dynamic disk header");
        uint entryCount = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(28));
        uint blockByteCount = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(32));
        ulong tableOffset = BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(16));
        string? what = !header.AsSpan().StartsWith("cxsparse"u8) ? "its dynamic disk header is missing"
            : BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(HeaderChecksumOffset)) != VhdFooter.Checksum(header, HeaderChecksumOffset) ? "its dynamic disk header's checksum is wrong"
            : !BitOperations.IsPow2(blockByteCount) || blockByteCount is < 4096 or > (256 << 20) ? $"its block size of {blockByteCount} bytes is impossible"
            : (ulong)entryCount * blockByteCount < footer.DiskByteCount || entryCount > MaxEntryCount ? $"its table of {entryCount} entries does not fit the disk"
            : (ulong)entryCount * 4 > file.ByteCount || tableOffset < VhdFooter.ByteCount || tableOffset % SectorByteCount != 0 ? "its table is misplaced"
            : null;
        if (what is not null)
        {
            throw ImageErrors.Damaged(file.Path, VhdFooter.Name, what);
        }

        var image = new VhdImage(file, footer, tableOffset, entryCount, blockByteCount);
        if (options.ForCheck)
        {
            return image;
        }

        if (!file.IsReadOnly)
        {
            image.RefuseDamage();
        }

        if (image.IsDifferencing)
        {
            image.Parent = chain.OpenBacking(file.Path, ReadParentName(file, header), ImageFormat.Vhd);
        }

        return image;
    }

    /// <summary>Writes a new dynamic image.</summary>
    /// <exception cref="SosiaException">The disk is too large, or the host failed.</exception>
    public static void CreateDynamic(ImageFile file, ulong diskByteCount)
    {
        uint entryCount = (uint)((diskByteCount + DefaultBlockByteCount - 1) / DefaultBlockByteCount);
        byte[] footer = VhdFooter.Create(diskByteCount, isFixed: false);
        byte[] header = new byte[HeaderByteCount];
        "cxsparse"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), ulong.MaxValue);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(16), VhdFooter.ByteCount + HeaderByteCount);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(24), 0x00010000);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(28), entryCount);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(32), DefaultBlockByteCount);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(HeaderChecksumOffset), VhdFooter.Checksum(header, HeaderChecksumOffset));
        byte[] table = new byte[((entryCount * 4) + SectorByteCount - 1) & ~(SectorByteCount - 1)];
        table.AsSpan().Fill(0xff);
        ulong end = (ulong)(VhdFooter.ByteCount + HeaderByteCount + table.Length);
        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(VhdFooter.ByteCount + HeaderByteCount, table));
        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(VhdFooter.ByteCount, header));
        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(end, footer));
        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(0, footer));
    }

    public override ImageInfo Describe() => new()
    {
        Format = VhdFooter.Name,
        VirtualByteCount = ByteCount,
        ClusterByteCount = BlockByteCount,
        Details = [new("subformat", IsDifferencing ? "differencing" : "dynamic"), new("uuid", _footer.Id.ToString())],
    };

    public override void Resize(ulong byteCount)
    {
        if (byteCount < ByteCount || (byteCount + BlockByteCount - 1) / BlockByteCount > (ulong)_table.Length || byteCount > VhdFooter.MaxDiskByteCount)
        {
            throw ImageErrors.CannotResize(Path, VhdFooter.Name, $"its table has room for {(ulong)_table.Length * BlockByteCount} bytes, and it cannot shrink");
        }

        ImageErrors.ThrowIfFailed(Path, "resized", IsReadOnly ? BlockResult.ReadOnly : Flush());
        VhdFooter.SetDiskByteCount(_footerBytes, byteCount);
        ImageErrors.ThrowIfFailed(Path, "resized", File.Write(_end, _footerBytes));
        ImageErrors.ThrowIfFailed(Path, "resized", File.Write(0, _footerBytes));
        _byteCount = byteCount;
    }

    protected override IEnumerable<(ulong Block, ulong Place)> Places()
    {
        for (int i = 0; i < _table.Length; i++)
        {
            if (_table[i] != Unallocated)
            {
                yield return ((ulong)i, PlaceOf(_table[i]));
            }
        }
    }

    protected override BlockResult Find(ulong block, out ExtentKind kind, out ulong place)
    {
        uint entry = _table[block];
        kind = entry == Unallocated ? ExtentKind.Absent : ExtentKind.Data;
        place = entry == Unallocated ? 0 : PlaceOf(entry);
        return place < File.ByteCount ? BlockResult.Ok : BlockResult.Corrupt;
    }

    // Which sectors of a differencing image's block are its own, its bitmap says.
    protected override BlockResult Map(ulong byteOffset, ulong maxByteCount, out MappedExtent extent)
    {
        BlockResult result = base.Map(byteOffset, IsDifferencing ? Math.Min(maxByteCount, BlockByteCount - (byteOffset & (BlockByteCount - 1))) : maxByteCount, out extent);
        if (!IsDifferencing || result != BlockResult.Ok || extent.Kind != ExtentKind.Data)
        {
            return result;
        }

        ulong block = byteOffset / BlockByteCount;
        if (_bitmapBlock != block)
        {
            result = File.ReadAll(PlaceOf(_table[block]) - _bitmapByteCount, _bitmap);
            _bitmapBlock = result == BlockResult.Ok ? block : ulong.MaxValue;
        }

        ulong sector = (byteOffset & (BlockByteCount - 1)) / SectorByteCount;
        bool isOwn = IsOwn(sector);
        ulong byteCount = SectorByteCount - (byteOffset % SectorByteCount);
        while (byteCount < extent.ByteCount && IsOwn(++sector) == isOwn)
        {
            byteCount += SectorByteCount;
        }

        extent = new MappedExtent(isOwn ? ExtentKind.Data : ExtentKind.Absent, extent.FileOffset, Math.Min(byteCount, extent.ByteCount));
        return result;
    }

    protected override BlockResult Append(ulong block, out ulong place)
    {
        // The footer at the end makes way and is written anew behind the block; meanwhile its copy at the beginning is there.
        place = _end + _bitmapByteCount;
        BlockResult result = AppendZeros(_end, _bitmapByteCount + BlockByteCount);
        _bitmap.AsSpan().Fill(0xff);
        result = result != BlockResult.Ok ? result : File.Write(_end, _bitmap);
        return result != BlockResult.Ok ? result : File.Write(place + BlockByteCount, _footerBytes);
    }

    protected override void Refer(ulong block, ulong place)
    {
        _table[block] = (uint)((place - _bitmapByteCount) / SectorByteCount);
        _end = place + BlockByteCount;
        _firstDirty = Math.Min(_firstDirty, (int)block);
        _lastDirty = Math.Max(_lastDirty, (int)block);
    }

    protected override BlockResult WriteTable()
    {
        byte[] bytes = new byte[(_lastDirty - _firstDirty + 1) * 4];
        for (int i = _firstDirty; i <= _lastDirty; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan((i - _firstDirty) * 4), _table[i]);
        }

        BlockResult result = File.Write(_tableOffset + ((ulong)_firstDirty * 4), bytes);
        if (result == BlockResult.Ok)
        {
            _firstDirty = int.MaxValue;
            _lastDirty = -1;
        }

        return result;
    }

    private ulong PlaceOf(uint sector) => ((ulong)sector * SectorByteCount) + _bitmapByteCount;

    private bool IsOwn(ulong sector) => (_bitmap[sector / 8] & (0x80 >> (int)(sector % 8))) != 0;

    // The locators hold paths for certain systems; the last part of the parent's name is looked for beside the image.
    private static string ReadParentName(ImageFile file, byte[] header)
    {
        string name = Encoding.BigEndianUnicode.GetString(header, 64, 512);
        int end = name.IndexOf('\0', StringComparison.Ordinal);
        name = (end < 0 ? name : name[..end]).Replace('\\', '/');
        name = name[(name.LastIndexOf('/') + 1)..];
        return name.Length > 0 ? $"./{name}" : throw ImageErrors.Damaged(file.Path, VhdFooter.Name, "it is a differencing image without its parent's name");
    }
}
