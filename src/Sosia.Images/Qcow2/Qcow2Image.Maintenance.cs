using System;
using Sosia.Core;

namespace Sosia.Images.Qcow2;

/// <content>What a person asks for: check and repair, resize, reserve space, compress.</content>
internal sealed partial class Qcow2Image
{
    private ulong _compressedEnd;

    public override ImageCheck Check(bool repair)
    {
        if (!_isForCheck)
        {
            ImageErrors.ThrowIfFailed(Path, "checked", IsReadOnly ? BlockResult.Ok : Flush());
        }

        ImageCheck before = MakeChecker(out Qcow2Checker checker);
        if (!repair || checker.HasStructuralDamage || (before.CorruptionCount == 0 && before.LeakCount == 0 && !_header.IsDirty && !_header.IsMarkedCorrupt))
        {
            return before;
        }

        RequireWritable();
        Repair(checker.Counts);
        ImageCheck after = MakeChecker(out _);
        after.RepairedCount = before.CorruptionCount + before.LeakCount - after.CorruptionCount - after.LeakCount;
        if (after.CorruptionCount == 0)
        {
            Do(WriteIncompatibleFeatures(_header.IncompatibleFeatures & ~(Qcow2Header.DirtyFeature | Qcow2Header.CorruptFeature)));
        }

        return after;
    }

    public override void Resize(ulong byteCount)
    {
        RequireWritable();
        if (byteCount == 0 || byteCount % 512 != 0 || byteCount > Qcow2Header.MaxByteCountFor(_clusterBits))
        {
            throw ImageErrors.CannotResize(Path, Qcow2Header.Name, $"{byteCount} bytes are not a multiple of 512 up to {Qcow2Header.MaxByteCountFor(_clusterBits)}");
        }

        ulong oldByteCount = ByteCount;
        if (byteCount < oldByteCount)
        {
            Shrink(byteCount);
            return;
        }

        Do(Flush());
        int needed = (int)_header.RequiredL1EntryCount(byteCount);
        if (needed > _l1.Length)
        {
            ulong oldOffset = _header.L1TableOffset;
            int oldEntryCount = _l1.Length;
            Array.Resize(ref _l1, needed);
            SwitchL1(WriteNewTable(L1Bytes(copiedFlags: true)), byteCount);
            FreeTable(oldOffset, oldEntryCount * 8);
        }
        else
        {
            SwitchL1(_header.L1TableOffset, byteCount);
        }

        // What is below may be longer than the disk was: it must not come to light.
        if (Parent is not null && Parent.ByteCount > oldByteCount)
        {
            Do(WriteZeroes(oldByteCount, Math.Min(byteCount, Parent.ByteCount) - oldByteCount, mayUnmap: true));
        }

        Do(Flush());
    }

    /// <summary>Gives every cluster its place in the file; what is absent reads as zeros then.</summary>
    /// <param name="reservesSpace">True to reserve the host's space, too.</param>
    /// <exception cref="SosiaException">The host failed.</exception>
    public void Preallocate(bool reservesSpace)
    {
        ulong position = 0;
        while (position < ByteCount)
        {
            Do(GetTableForWriting(position, out CachedTable table));
            int index = L2Index(position);
            ulong left = (ByteCount - position + ClusterByteCount - 1) >> _clusterBits;
            ulong wanted = Math.Min(left, (ulong)(_header.L2EntryCount - index));
            Do(Refcounts.Allocate(wanted, all: false, out ulong first, out ulong count));
            Do(Refer(table, index, first << _clusterBits, (int)count));
            position += count << _clusterBits;
            ulong end = (first + count) << _clusterBits;
            Do(reservesSpace ? File.Reserve(first << _clusterBits, count << _clusterBits) : end > File.ByteCount ? File.SetByteCount(end) : BlockResult.Ok);
        }

        Do(Flush());
    }

    /// <summary>Writes a whole cluster compressed, if that makes it smaller; the disk's last one is filled up with zeros.</summary>
    /// <param name="byteOffset">Where; a multiple of the cluster size, and nothing is allocated there yet.</param>
    /// <param name="cluster">The data, a cluster of them.</param>
    public BlockResult WriteCompressed(ulong byteOffset, ReadOnlySpan<byte> cluster)
    {
        _compressed ??= new byte[(2 * (int)ClusterByteCount) + 512];
        int byteCount = Qcow2Compression.Compress(cluster, _compressed, _header.IsZstd);
        if (byteCount == 0 || byteCount >= cluster.Length - 512)
        {
            return Write(byteOffset, cluster[..(int)Math.Min(ClusterByteCount, ByteCount - byteOffset)]);
        }

        BlockResult result = GetTableForWriting(byteOffset, out CachedTable table);
        result = result != BlockResult.Ok ? result : TakeBytes(byteCount, out ulong place);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        place = _compressedEnd - (ulong)byteCount;
        // The reader takes whole sectors: the file must not end within the last one.
        int padded = (int)(((place + (ulong)byteCount + 511) & ~511UL) - place);
        Array.Clear(_compressed, byteCount, padded - byteCount);
        result = File.Write(place, _compressed.AsSpan(0, padded));
        if (result == BlockResult.Ok)
        {
            table.SetEntry(L2Index(byteOffset), Qcow2Entry.EncodeCompressed(place, byteCount, _clusterBits));
        }

        return result;
    }

    // Compressed clusters lie one behind the other; a cluster of the file counts each that lies on it.
    private BlockResult TakeBytes(int byteCount, out ulong place)
    {
        place = _compressedEnd;
        ulong room = (ClusterByteCount - (place & (ClusterByteCount - 1))) & (ClusterByteCount - 1);
        if (room > 0 && (ulong)byteCount <= room)
        {
            _compressedEnd = place + (ulong)byteCount;
            return Refcounts.Add(place >> _clusterBits, 1, out _);
        }

        BlockResult result = Refcounts.Allocate(1, all: true, out ulong cluster, out _);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        if (room > 0 && (cluster << _clusterBits) == place + room)
        {
            result = Refcounts.Add(place >> _clusterBits, 1, out _);
        }
        else
        {
            place = cluster << _clusterBits;
        }

        _compressedEnd = place + (ulong)byteCount;
        return result;
    }

    private void Shrink(ulong byteCount)
    {
        if (_snapshots.Count > 0)
        {
            throw ImageErrors.CannotResize(Path, Qcow2Header.Name, "it has internal snapshots, which a smaller disk would damage");
        }

        ulong start = (byteCount + ClusterByteCount - 1) & ~(ClusterByteCount - 1);
        ulong end = ByteCount;
        Do(Flush());
        // The size first: what is cut off is out of reach before it is given up.
        SwitchL1(_header.L1TableOffset, byteCount);
        for (ulong position = start; position < end;)
        {
            int l1Index = (int)(position >> (_clusterBits + _l2Bits));
            ulong tableEnd = ((ulong)l1Index + 1) << (_clusterBits + _l2Bits);
            ulong offset = _l1[l1Index] & Qcow2Entry.OffsetMask;
            if (offset != 0)
            {
                Do(GetTableForWriting(position, out CachedTable table));
                for (int i = L2Index(position); i < _header.L2EntryCount; i++)
                {
                    GiveUp(table.GetEntry(i));
                    table.SetEntry(i, 0);
                }

                if (L2Index(position) == 0)
                {
                    GiveUp(_l1[l1Index]);
                    SetL1(l1Index, 0);
                }
            }

            position = tableEnd;
        }

        Do(Flush());
    }

    private ImageCheck MakeChecker(out Qcow2Checker checker)
    {
        checker = new Qcow2Checker(File, _header, _l1, _snapshots, _refcounts ?? new Qcow2Refcounts(File, _header), stopsAtCorruption: false);
        return checker.Run();
    }

    private void RepairRefcounts()
    {
        ImageCheck check = MakeChecker(out Qcow2Checker checker);
        if (checker.HasStructuralDamage)
        {
            throw ImageErrors.Damaged(Path, Qcow2Header.Name, check.Messages[0].TrimEnd('.'));
        }

        Repair(checker.Counts);
        Do(WriteIncompatibleFeatures(_header.IncompatibleFeatures & ~Qcow2Header.DirtyFeature));
    }

    private void Repair(ClusterCounts counts)
    {
        CreateMissingBlocks(counts);
        foreach (ulong cluster in counts.UsedClusters())
        {
            SetIfDifferent(cluster, counts.Get(cluster));
        }

        for (int i = 0; i < Refcounts.Table.Length; i++)
        {
            for (ulong k = 0; Refcounts.Table[i] != 0 && k < Refcounts.ClustersPerBlock; k++)
            {
                ulong cluster = ((ulong)i * Refcounts.ClustersPerBlock) + k;
                SetIfDifferent(cluster, counts.Get(cluster));
            }
        }

        // The counts are right before a flag says so.
        Do(WriteRefcounts());
        Do(File.Flush());
        RefreshCopiedFlags();
        Do(Flush());
    }

    private void SetIfDifferent(ulong cluster, int counted)
    {
        Do(Refcounts.Get(cluster, out ulong recorded));
        if (recorded != (ulong)counted)
        {
            Do(Refcounts.Set(cluster, (ulong)counted));
        }
    }

    // Blocks for pieces of the file that are used but have none go behind everything else.
    private void CreateMissingBlocks(ClusterCounts counts)
    {
        for (bool isComplete = false; !isComplete;)
        {
            isComplete = true;
            foreach (ulong cluster in counts.UsedClusters())
            {
                ulong index = cluster / Refcounts.ClustersPerBlock;
                if (index >= (ulong)Refcounts.Table.Length)
                {
                    throw new SosiaException($"The qcow2 image '{Path}' has a refcount table that is too small for the file, which cannot be repaired in place; copy it with './sosia disk convert'.");
                }

                if (Refcounts.Table[(int)index] == 0)
                {
                    ulong place = Math.Max(counts.End, (File.ByteCount + ClusterByteCount - 1) >> _clusterBits);
                    Do(Refcounts.CreateBlock(index, place));
                    counts.Increment(place);
                    isComplete = false;
                    break;
                }
            }
        }
    }
}
