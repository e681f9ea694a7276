using System;
using System.Buffers.Binary;
using Sosia.Images.Mapping;

namespace Sosia.Images.Qcow2;

/// <content>New places for data, and the order in which tables are written.</content>
internal sealed partial class Qcow2Image
{
    protected override BlockResult WriteNew(ulong byteOffset, ReadOnlySpan<byte> source, ExtentKind kind, out int written)
    {
        written = 0;
        BlockResult result = GetTableForWriting(byteOffset, out CachedTable table);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        ulong inCluster = byteOffset & (ClusterByteCount - 1);
        bool readsAsZeros = kind == ExtentKind.Zero || (kind == ExtentKind.Absent && HasNothingBelow(byteOffset - inCluster));
        ulong touched = (inCluster + (ulong)source.Length + ClusterByteCount - 1) >> _clusterBits;
        ulong whole = inCluster == 0 ? (ulong)source.Length >> _clusterBits : 0;
        result = Refcounts.Allocate(readsAsZeros ? touched : Math.Max(whole, 1), all: false, out ulong first, out ulong count);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        ulong place = first << _clusterBits;
        ulong used = count;
        if (readsAsZeros && place >= File.ByteCount)
        {
            // Behind the file's end everything is zeros already.
            written = (int)Math.Min((ulong)source.Length, (count << _clusterBits) - inCluster);
            result = File.Write(place + inCluster, source[..written]);
        }
        else if (whole > 0)
        {
            used = Math.Min(count, whole);
            written = (int)(used << _clusterBits);
            result = File.Write(place, source[..written]);
        }
        else
        {
            used = 1;
            written = (int)Math.Min((ulong)source.Length, ClusterByteCount - inCluster);
            result = WriteFilledUp(byteOffset, source[..written], place);
        }

        // Clusters that were not needed, or all of them after an error: no table leads to them.
        for (ulong i = result == BlockResult.Ok ? used : 0; i < count; i++)
        {
            Refcounts.Set(first + i, 0);
        }

        return result == BlockResult.Ok ? Refer(table, L2Index(byteOffset), place, (int)used) : result;
    }

    protected override ulong ZeroWholePieces(ulong byteOffset, ulong byteCount, bool mayUnmap, out BlockResult result)
    {
        result = BlockResult.Ok;
        bool isAligned = (byteOffset & (ClusterByteCount - 1)) == 0;
        bool reachesEnd = byteOffset + byteCount == ByteCount;
        bool canDrop = HasZeroClusters || (mayUnmap && HasNothingBelow(byteOffset));
        if (!isAligned || !canDrop || (byteCount < ClusterByteCount && !reachesEnd))
        {
            return 0;
        }

        result = ZeroClusters(byteOffset, reachesEnd ? byteCount : byteCount & ~(ClusterByteCount - 1), keepSpace: !mayUnmap, out ulong done);
        return done;
    }

    // The caller has made sure that version 2 images have nothing below.
    private BlockResult ZeroClusters(ulong position, ulong byteCount, bool keepSpace, out ulong done)
    {
        int index = L2Index(position);
        done = Math.Min(byteCount, (ulong)((1 << _l2Bits) - index) << _clusterBits);
        if (_l1[position >> (_clusterBits + _l2Bits)] == 0 && HasNothingBelow(position))
        {
            return BlockResult.Ok;
        }

        BlockResult result = GetTableForWriting(position, out CachedTable table);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        int count = (int)((done + ClusterByteCount - 1) >> _clusterBits);
        for (int i = 0; i < count; i++)
        {
            ulong entry = table.GetEntry(index + i);
            ulong empty = HasNothingBelow(position + ((ulong)i << _clusterBits)) ? 0 : Qcow2Entry.Zero;
            bool keeps = keepSpace && KindOf(entry, isShared: false) == ExtentKind.Data;
            ulong changed = keeps ? entry | Qcow2Entry.Zero : KindOf(entry, isShared: false) == ExtentKind.Zero && keepSpace ? entry : empty;
            if (changed == entry)
            {
                continue;
            }

            if (!keeps)
            {
                GiveUp(entry);
            }

            table.SetEntry(index + i, changed);
        }

        return LimitPendingFrees();
    }

    private BlockResult WriteFilledUp(ulong byteOffset, ReadOnlySpan<byte> source, ulong place)
    {
        ulong start = byteOffset & ~(ClusterByteCount - 1);
        int onDisk = (int)Math.Min(ClusterByteCount, ByteCount - start);
        Array.Clear(_cluster, onDisk, _cluster.Length - onDisk);
        BlockResult result = Read(start, _cluster.AsSpan(0, onDisk));
        if (result != BlockResult.Ok)
        {
            return result;
        }

        source.CopyTo(_cluster.AsSpan((int)(byteOffset - start)));
        return File.Write(place, _cluster);
    }

    private BlockResult Refer(CachedTable table, int index, ulong place, int count)
    {
        for (int i = 0; i < count; i++)
        {
            GiveUp(table.GetEntry(index + i));
            table.SetEntry(index + i, (place + ((ulong)i << _clusterBits)) | Qcow2Entry.Copied);
        }

        return LimitPendingFrees();
    }

    // The L2 table for a place of the disk, which only the active L1 table refers to.
    private BlockResult GetTableForWriting(ulong byteOffset, out CachedTable table)
    {
        int l1Index = (int)(byteOffset >> (_clusterBits + _l2Bits));
        ulong entry = _l1[l1Index];
        ulong oldOffset = entry & Qcow2Entry.OffsetMask;
        if (oldOffset != 0 && (entry & Qcow2Entry.Copied) != 0)
        {
            return _l2Tables.Get(oldOffset, out table);
        }

        table = null!;
        CachedTable? old = null;
        BlockResult result = oldOffset == 0 ? BlockResult.Ok : _l2Tables.Get(oldOffset, out old);
        ulong cluster = 0;
        result = result != BlockResult.Ok ? result : Refcounts.Allocate(1, all: true, out cluster, out _);
        result = result != BlockResult.Ok ? result : _l2Tables.Create(cluster << _clusterBits, out table);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        if (old is not null)
        {
            old.Bytes.CopyTo(table.Bytes, 0);
            AddPendingFree(oldOffset >> _clusterBits, 1);
        }

        SetL1(l1Index, (cluster << _clusterBits) | Qcow2Entry.Copied);
        return BlockResult.Ok;
    }

    private void SetL1(int index, ulong entry)
    {
        _l1[index] = entry;
        _firstDirtyL1 = Math.Min(_firstDirtyL1, index);
        _lastDirtyL1 = Math.Max(_lastDirtyL1, index);
    }

    private void GiveUp(ulong entry)
    {
        if ((entry & Qcow2Entry.Compressed) != 0)
        {
            (ulong offset, int byteCount) = Qcow2Entry.DecodeCompressed(entry, _clusterBits);
            ulong first = offset >> _clusterBits;
            AddPendingFree(first, (int)(((offset + (ulong)byteCount - 1) >> _clusterBits) - first) + 1);
            _expandedEntry = 0;
        }
        else if ((entry & Qcow2Entry.OffsetMask) != 0)
        {
            AddPendingFree((entry & Qcow2Entry.OffsetMask) >> _clusterBits, 1);
        }
    }

    private void AddPendingFree(ulong cluster, int count)
    {
        if (_pendingFrees.Count > 0 && _pendingFrees[^1] is var last && last.Cluster + (ulong)last.Count == cluster)
        {
            _pendingFrees[^1] = (last.Cluster, last.Count + count);
        }
        else
        {
            _pendingFrees.Add((cluster, count));
        }
    }

    private BlockResult LimitPendingFrees() => _pendingFrees.Count < MaxPendingFreeCount ? BlockResult.Ok : Flush();

    // Called when the tables that led to them are durable.
    private BlockResult ReleasePendingFrees()
    {
        BlockResult result = BlockResult.Ok;
        foreach ((ulong cluster, int count) in _pendingFrees)
        {
            for (ulong i = cluster; i < cluster + (ulong)count && result == BlockResult.Ok; i++)
            {
                result = Release(i);
            }
        }

        _pendingFrees.Clear();
        // Counts that contradict the tables: nothing is changed any more.
        _isBroken |= result == BlockResult.Corrupt;
        return result;
    }

    private BlockResult Release(ulong cluster)
    {
        BlockResult result = Refcounts.Add(cluster, -1, out ulong left);
        if (result == BlockResult.Ok && left == 0)
        {
            _l2Tables.Forget(cluster << _clusterBits);
            result = File.Punch(cluster << _clusterBits, ClusterByteCount, out _);
        }

        return result;
    }

    // Without a final barrier: that is Flush's.
    private BlockResult WriteBack()
    {
        if (_refcounts is null)
        {
            return BlockResult.Ok;
        }

        BlockResult result = _header.HasLazyRefcounts ? MarkDirty() : WriteRefcounts();
        if (result == BlockResult.Ok && _l2Tables.HasDirty)
        {
            // The data and the counts are there before what leads to them.
            result = File.Flush();
            result = result != BlockResult.Ok ? result : _l2Tables.WriteAll();
        }

        if (result == BlockResult.Ok && _lastDirtyL1 >= 0)
        {
            result = File.Flush();
            result = result != BlockResult.Ok ? result : WriteL1();
        }

        return result;
    }

    private BlockResult WriteRefcounts()
    {
        BlockResult result = Refcounts.WriteBlocks();
        if (result == BlockResult.Ok && Refcounts.IsTableDirty)
        {
            result = File.Flush();
            result = result != BlockResult.Ok ? result : Refcounts.WriteTable();
        }

        return result;
    }

    private BlockResult WriteL1()
    {
        byte[] bytes = new byte[(_lastDirtyL1 - _firstDirtyL1 + 1) * 8];
        for (int i = _firstDirtyL1; i <= _lastDirtyL1; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan((i - _firstDirtyL1) * 8), _l1[i]);
        }

        BlockResult result = File.Write(_header.L1TableOffset + ((ulong)_firstDirtyL1 * 8), bytes);
        if (result == BlockResult.Ok)
        {
            _firstDirtyL1 = int.MaxValue;
            _lastDirtyL1 = -1;
        }

        return result;
    }

    // From now on the counts in the file may be behind: whoever opens it next makes them anew.
    private BlockResult MarkDirty()
        => _header.IsDirty || !(_l2Tables.HasDirty || _lastDirtyL1 >= 0) ? BlockResult.Ok : WriteIncompatibleFeatures(_header.IncompatibleFeatures | Qcow2Header.DirtyFeature);

    private BlockResult WriteIncompatibleFeatures(ulong features)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, features);
        BlockResult result = File.Write(Qcow2Header.IncompatibleFeaturesOffset, bytes);
        result = result != BlockResult.Ok ? result : File.Flush();
        if (result == BlockResult.Ok)
        {
            _header.IncompatibleFeatures = features;
        }

        return result;
    }

    private void PrepareForWriting()
    {
        if (IsReadOnly)
        {
            return;
        }

        if (_header.IsDirty)
        {
            RepairRefcounts();
        }
        else
        {
            ImageCheck check = new Qcow2Checker(File, _header, _l1, _snapshots, Refcounts, stopsAtCorruption: true).Run();
            if (check.CorruptionCount > 0)
            {
                throw ImageErrors.Damaged(Path, Qcow2Header.Name, check.Messages[0].TrimEnd('.'));
            }
        }

        if (_header.AutoclearFeatures != 0)
        {
            // What these bits stand for (bitmaps of changes) is not kept up here.
            Span<byte> zeros = stackalloc byte[8];
            zeros.Clear();
            ImageErrors.ThrowIfFailed(Path, "written", File.Write(Qcow2Header.AutoclearFeaturesOffset, zeros));
            _header.AutoclearFeatures = 0;
        }
    }

    private void Close()
    {
        if (_isBroken || Flush() != BlockResult.Ok || WriteRefcounts() != BlockResult.Ok || File.Flush() != BlockResult.Ok)
        {
            return;
        }

        if (_header.IsDirty && !_keepsDirty)
        {
            WriteIncompatibleFeatures(_header.IncompatibleFeatures & ~Qcow2Header.DirtyFeature);
        }
    }
}
