using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using Sosia.Core;
using Sosia.Images.Mapping;

namespace Sosia.Images.Qcow2;

/// <summary>
/// A qcow2 image (docs/interop/qcow2.txt of QEMU describes the format). Data go to the file at once; tables change in memory and are
/// written when the guest flushes, or when room is wanted, always in the order: data and refcounts, then L2 tables, then L1 entries, with the
/// host's barrier between them. So whatever is lost when the process or the host dies, the file holds no table that leads to something
/// that is not there or counts as free: at worst clusters are leaked. Clusters that are given up are used again only after the tables
/// that led to them are durable.
/// </summary>
internal sealed partial class Qcow2Image : MappedImage
{
    private const int L2CacheByteCount = 32 << 20;
    private const int MinCachedTableCount = 8;
    private const int MaxCachedTableCount = 4096;
    private const int MaxPendingFreeCount = 16384;

    private readonly Qcow2Header _header;
    private readonly int _clusterBits;
    private readonly int _l2Bits;
    private readonly TableCache _l2Tables;
    private readonly Qcow2Refcounts? _refcounts;
    private readonly byte[] _cluster;
    private readonly List<(ulong Cluster, int Count)> _pendingFrees = [];
    private readonly bool _isForCheck;
    private ulong[] _l1;
    private bool _isBroken;
    private int _firstDirtyL1 = int.MaxValue;
    private int _lastDirtyL1 = -1;
    private byte[]? _compressed;
    private byte[]? _expanded;
    private ulong _expandedEntry;

    private Qcow2Image(ImageFile file, Qcow2Header header, bool isForCheck)
        : base(file)
    {
        _isForCheck = isForCheck;
        _header = header;
        _clusterBits = header.ClusterBits;
        _l2Bits = header.ClusterBits - 3;
        _cluster = new byte[header.ClusterByteCount];
        int capacity = Math.Clamp(L2CacheByteCount >> _clusterBits, MinCachedTableCount, MaxCachedTableCount);
        _l2Tables = new TableCache(file, header.ClusterByteCount, capacity, WriteBack);
        _l1 = ReadL1(header.L1TableOffset, header.L1EntryCount);
        _snapshots = ReadSnapshots();
        // Only who writes needs to know what is free.
        _refcounts = file.IsReadOnly && !isForCheck ? null : new Qcow2Refcounts(file, header);
    }

    public override ImageFormat Format => ImageFormat.Qcow2;

    public override ulong ByteCount => _header.ByteCount;

    private ulong ClusterByteCount => 1UL << _clusterBits;

    private bool HasZeroClusters => _header.Version >= 3;

    private Qcow2Refcounts Refcounts => _refcounts ?? throw ImageErrors.ReadOnly(Path);

    /// <summary>Opens an image.</summary>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static Qcow2Image Open(ImageFile file, ImageOpenOptions options, BackingChain chain)
    {
        Qcow2Header header = Qcow2Header.Read(file);
        if (!file.IsReadOnly && !options.ForCheck && header.IsMarkedCorrupt)
        {
            throw ImageErrors.Damaged(file.Path, Qcow2Header.Name, "it is marked as corrupt");
        }

        var image = new Qcow2Image(file, header, options.ForCheck);
        if (options.ForCheck)
        {
            return image;
        }

        image.OpenBackingFile(chain);
        try
        {
            image.PrepareForWriting();
        }
        catch
        {
            image.Parent?.Dispose();
            throw;
        }

        return image;
    }

    public override BlockResult Flush()
    {
        BlockResult result = WriteBack();
        result = result != BlockResult.Ok ? result : File.Flush();
        return result != BlockResult.Ok ? result : ReleasePendingFrees();
    }

    public override BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        BlockResult result = CheckChange(byteOffset, byteCount);
        ulong end = byteOffset + byteCount;
        // The disk's last cluster may be short.
        ulong wholeEnd = end == ByteCount ? end : end & ~(ClusterByteCount - 1);
        ulong position = (byteOffset + ClusterByteCount - 1) & ~(ClusterByteCount - 1);
        while (result == BlockResult.Ok && position < wholeEnd)
        {
            // Without zero clusters, what is below would show through.
            bool canDrop = HasZeroClusters || HasNothingBelow(position);
            result = canDrop ? ZeroClusters(position, wholeEnd - position, keepSpace: false, out ulong done) : Skip(position, out done);
            position += done;
        }

        return result;
    }

    public override ImageInfo Describe()
    {
        List<KeyValuePair<string, string>> details =
        [
            new("version", _header.Version.ToString(CultureInfo.InvariantCulture)),
            new("lazyRefcounts", _header.HasLazyRefcounts ? "true" : "false"),
            new("refcountBits", (1 << _header.RefcountOrder).ToString(CultureInfo.InvariantCulture)),
            new("compression", _header.IsZstd ? "zstd" : "zlib"),
            new("dirty", _header.IsDirty ? "true" : "false"),
            new("corrupt", _header.IsMarkedCorrupt ? "true" : "false"),
        ];
        return new ImageInfo
        {
            Format = Qcow2Header.Name,
            VirtualByteCount = ByteCount,
            ClusterByteCount = ClusterByteCount,
            BackingFile = _header.BackingFile,
            BackingFormat = _header.BackingFormat,
            Details = details,
        };
    }

    protected override BlockResult Map(ulong byteOffset, ulong maxByteCount, out MappedExtent extent)
    {
        ulong inCluster = byteOffset & (ClusterByteCount - 1);
        int l2Index = (int)(byteOffset >> _clusterBits) & ((1 << _l2Bits) - 1);
        // All within one L2 table.
        ulong limit = Math.Min(maxByteCount, ((ulong)((1 << _l2Bits) - l2Index) << _clusterBits) - inCluster);
        ulong l1Entry = _l1[byteOffset >> (_clusterBits + _l2Bits)];
        ulong tableOffset = l1Entry & Qcow2Entry.OffsetMask;
        extent = new MappedExtent(ExtentKind.Absent, 0, limit);
        if (tableOffset == 0)
        {
            return BlockResult.Ok;
        }

        BlockResult result = _l2Tables.Get(tableOffset, out CachedTable table);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        bool isShared = (l1Entry & Qcow2Entry.Copied) == 0;
        ulong entry = table.GetEntry(l2Index);
        ExtentKind kind = KindOf(entry, isShared);
        ulong first = entry & Qcow2Entry.OffsetMask;
        bool isData = kind is ExtentKind.Data or ExtentKind.SharedData;
        if (isData && !IsPlausible(first))
        {
            return BlockResult.Corrupt;
        }

        ulong byteCount = ClusterByteCount - inCluster;
        for (int i = 1; byteCount < limit; i++)
        {
            ulong next = table.GetEntry(l2Index + i);
            ulong place = first + ((ulong)i << _clusterBits);
            if (kind == ExtentKind.Encoded || KindOf(next, isShared) != kind || (isData && ((next & Qcow2Entry.OffsetMask) != place || !IsPlausible(place))))
            {
                break;
            }

            byteCount += ClusterByteCount;
        }

        extent = new MappedExtent(kind, first + inCluster, Math.Min(byteCount, limit));
        return BlockResult.Ok;
    }

    protected override BlockResult ReadEncoded(ulong byteOffset, Span<byte> destination)
    {
        BlockResult result = Expand(byteOffset);
        if (result == BlockResult.Ok)
        {
            _expanded.AsSpan((int)(byteOffset & (ClusterByteCount - 1)), destination.Length).CopyTo(destination);
        }

        return result;
    }

    protected override BlockResult CheckChange(ulong byteOffset, ulong byteCount)
        => _isBroken ? BlockResult.Corrupt : base.CheckChange(byteOffset, byteCount);

    protected override void Dispose(bool disposing)
    {
        if (_refcounts is not null && !_isForCheck)
        {
            Close();
        }

        base.Dispose(disposing);
    }

    private void OpenBackingFile(BackingChain chain)
    {
        if (_header.BackingFile is null)
        {
            return;
        }

        ImageFormat? format = null;
        if (_header.BackingFormat is not null)
        {
            format = _header.BackingFormat is "host_device" or "file" ? ImageFormat.Raw : DiskImages.ParseFormat(_header.BackingFormat);
        }

        Parent = chain.OpenBacking(Path, _header.BackingFile, format);
    }

    private ulong[] ReadL1(ulong offset, int entryCount)
    {
        byte[] bytes = new byte[entryCount * 8];
        File.ReadOrThrow(offset, bytes, Qcow2Header.Name, "an L1 table");
        ulong[] entries = new ulong[entryCount];
        for (int i = 0; i < entryCount; i++)
        {
            entries[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * 8));
            ulong table = entries[i] & Qcow2Entry.OffsetMask;
            if (table != 0 && !IsPlausible(table) && !_isForCheck)
            {
                throw ImageErrors.Damaged(Path, Qcow2Header.Name, $"entry {i} of an L1 table leads to the offset {table}, where no table can be");
            }
        }

        return entries;
    }

    private ExtentKind KindOf(ulong entry, bool isShared)
        => (entry & Qcow2Entry.Compressed) != 0 ? ExtentKind.Encoded
            : (entry & Qcow2Entry.Zero) != 0 && HasZeroClusters ? ExtentKind.Zero
            : (entry & Qcow2Entry.OffsetMask) == 0 ? ExtentKind.Absent
            : isShared || (entry & Qcow2Entry.Copied) == 0 ? ExtentKind.SharedData
            : ExtentKind.Data;

    private bool IsPlausible(ulong offset)
        => (offset & (ClusterByteCount - 1)) == 0 && offset >= ClusterByteCount && offset < File.ByteCount + ClusterByteCount;

    private BlockResult GetEntry(ulong byteOffset, out ulong entry)
    {
        entry = 0;
        ulong tableOffset = _l1[byteOffset >> (_clusterBits + _l2Bits)] & Qcow2Entry.OffsetMask;
        if (tableOffset == 0)
        {
            return BlockResult.Ok;
        }

        BlockResult result = _l2Tables.Get(tableOffset, out CachedTable table);
        if (result == BlockResult.Ok)
        {
            entry = table.GetEntry(L2Index(byteOffset));
        }

        return result;
    }

    private int L2Index(ulong byteOffset) => (int)(byteOffset >> _clusterBits) & ((1 << _l2Bits) - 1);

    private BlockResult Expand(ulong byteOffset)
    {
        BlockResult result = GetEntry(byteOffset, out ulong entry);
        if (result != BlockResult.Ok || (_expanded is not null && _expandedEntry == entry))
        {
            return result;
        }

        (ulong offset, int byteCount) = Qcow2Entry.DecodeCompressed(entry, _clusterBits);
        if (offset < ClusterByteCount || offset >= File.ByteCount)
        {
            return BlockResult.Corrupt;
        }

        // At most twice a cluster's sectors can be recorded.
        _compressed ??= new byte[(2 * (int)ClusterByteCount) + 512];
        _expanded ??= new byte[ClusterByteCount];
        _expandedEntry = 0;
        result = File.Read(offset, _compressed.AsSpan(0, byteCount));
        result = result != BlockResult.Ok ? result : Qcow2Compression.Expand(_compressed, byteCount, _expanded, _header.IsZstd);
        _expandedEntry = result == BlockResult.Ok ? entry : 0;
        return result;
    }

    private BlockResult Skip(ulong position, out ulong done)
    {
        done = ClusterByteCount - (position & (ClusterByteCount - 1));
        return BlockResult.Ok;
    }
}
