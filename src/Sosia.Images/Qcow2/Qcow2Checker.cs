using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Sosia.Images.Qcow2;

/// <summary>
/// Follows every table of an image, counts what refers to each cluster, and compares with the image's own counts. Reads only.
/// </summary>
internal sealed class Qcow2Checker(ImageFile file, Qcow2Header header, ulong[] l1, List<Qcow2Snapshot> snapshots, Qcow2Refcounts refcounts, bool stopsAtCorruption)
{
    // Snapshots may share tables, which are followed for each: the bound keeps a hostile image from taking hours.
    private const long MaxEntryCount = 1L << 32;

    private readonly ImageCheck _check = new();
    private readonly HashSet<ulong> _exclusive = [];
    private readonly HashSet<ulong> _tables = [];
    private readonly byte[] _table = new byte[header.ClusterByteCount];
    private long _entryCount;

    /// <summary>What refers to each cluster, as counted.</summary>
    public ClusterCounts Counts { get; } = new();

    /// <summary>True when something is wrong besides counts and flags, which can be made anew from the rest.</summary>
    public bool HasStructuralDamage { get; private set; }

    private bool IsDone => (stopsAtCorruption && _check.CorruptionCount > 0) || !Counts.IsComplete || _entryCount > MaxEntryCount;

    /// <summary>Examines the image.</summary>
    public ImageCheck Run()
    {
        CountReferences();
        CheckComplete();
        HasStructuralDamage = _check.CorruptionCount > 0;
        if (!IsDone)
        {
            CompareCounts();
            CheckCopiedFlags();
        }

        return _check;
    }

    private void CountReferences()
    {
        Reference(0, "the header");
        ReferenceRange(header.L1TableOffset, (ulong)header.L1EntryCount * 8, "the L1 table");
        ReferenceRange(header.RefcountTableFileOffset, (ulong)header.RefcountTableClusterCount << header.ClusterBits, "the refcount table");
        foreach (ulong block in refcounts.Table)
        {
            if (block != 0)
            {
                if (refcounts.IsPlausible(block))
                {
                    Reference(block >> header.ClusterBits, "a refcount block");
                }
                else
                {
                    _check.AddCorruption($"The refcount table leads to the offset {block}, where no refcount block can be.");
                }
            }
        }

        if (header.SnapshotCount > 0)
        {
            ReferenceRange(header.SnapshotTableOffset, SnapshotTableByteCount(), "the snapshot table");
        }

        List<(ulong[] Entries, string What)> l1Tables = [(l1, "the active L1 table")];
        foreach (Qcow2Snapshot snapshot in snapshots)
        {
            string what = $"the L1 table of snapshot '{snapshot.Id}'";
            ReferenceRange(snapshot.L1TableOffset, (ulong)snapshot.L1EntryCount * 8, what);
            if (ReadEntries(snapshot.L1TableOffset, snapshot.L1EntryCount) is ulong[] entries)
            {
                l1Tables.Add((entries, what));
            }
            else
            {
                _check.AddCorruption($"The image's file ends before {what}.");
            }
        }

        // Nothing so far may be used twice, and nothing else may lie on it.
        foreach (ulong cluster in Counts.UsedClusters())
        {
            _exclusive.Add(cluster);
            if (Counts.Get(cluster) > 1)
            {
                _check.AddCorruption($"Cluster {cluster} of the file is used for two tables.");
            }
        }

        foreach ((ulong[] entries, string what) in l1Tables)
        {
            FindTables(entries, what);
        }

        for (int i = 0; i < l1Tables.Count; i++)
        {
            Follow(l1Tables[i].Entries, isActive: i == 0);
        }
    }

    private ulong SnapshotTableByteCount()
    {
        ulong byteCount = 0;
        foreach (Qcow2Snapshot snapshot in snapshots)
        {
            byteCount += (ulong)snapshot.ByteCount;
        }

        return byteCount;
    }

    private void FindTables(ulong[] entries, string what)
    {
        HashSet<ulong> seen = [];
        for (int i = 0; i < entries.Length && !IsDone; i++)
        {
            ulong offset = entries[i] & Qcow2Entry.OffsetMask;
            if (offset == 0)
            {
                continue;
            }

            ulong cluster = offset >> header.ClusterBits;
            if (!IsPlausible(offset))
            {
                _check.AddCorruption($"Entry {i} of {what} leads to the offset {offset}, where no table can be.");
            }
            else if (!seen.Add(offset) || _exclusive.Contains(cluster))
            {
                _check.AddCorruption($"Entry {i} of {what} leads to cluster {cluster}, which is another table.");
            }
            else
            {
                Reference(cluster, "an L2 table");
                _tables.Add(cluster);
            }
        }
    }

    private void Follow(ulong[] entries, bool isActive)
    {
        HashSet<ulong> seen = [];
        for (int i = 0; i < entries.Length && !IsDone; i++)
        {
            ulong offset = entries[i] & Qcow2Entry.OffsetMask;
            if (_tables.Contains(offset >> header.ClusterBits) && seen.Add(offset))
            {
                FollowTable(offset, i, isActive);
            }
        }
    }

    private void FollowTable(ulong offset, int l1Index, bool isActive)
    {
        if (file.Read(offset, _table) != BlockResult.Ok)
        {
            _check.AddCorruption($"The L2 table at the offset {offset} cannot be read.");
            return;
        }

        _entryCount += header.L2EntryCount;
        for (int i = 0; i < header.L2EntryCount && !IsDone; i++)
        {
            ulong entry = BinaryPrimitives.ReadUInt64BigEndian(_table.AsSpan(i * 8));
            if (entry == 0)
            {
                continue;
            }

            if ((entry & Qcow2Entry.Compressed) != 0)
            {
                FollowCompressed(entry, l1Index, i);
            }
            else if ((entry & Qcow2Entry.OffsetMask) != 0)
            {
                FollowData(entry & Qcow2Entry.OffsetMask, l1Index, i, isActive);
            }

            _check.AllocatedCount += isActive && (entry & ~Qcow2Entry.Copied) is not (0 or Qcow2Entry.Zero) ? 1 : 0;
        }
    }

    private void FollowData(ulong offset, int l1Index, int index, bool isActive)
    {
        ulong cluster = offset >> header.ClusterBits;
        if (!IsPlausible(offset))
        {
            _check.AddCorruption($"Cluster {GuestCluster(l1Index, index)} of the disk is at the offset {offset}, where no cluster can be.");
        }
        else if (_exclusive.Contains(cluster) || _tables.Contains(cluster))
        {
            _check.AddCorruption($"Cluster {GuestCluster(l1Index, index)} of the disk lies on a table of the image (cluster {cluster} of the file).");
        }
        else if (Counts.Increment(cluster) > 1 && isActive)
        {
            _check.AddCorruption($"Cluster {GuestCluster(l1Index, index)} of the disk shares cluster {cluster} of the file with another one.");
        }
    }

    private void FollowCompressed(ulong entry, int l1Index, int index)
    {
        (ulong offset, int byteCount) = Qcow2Entry.DecodeCompressed(entry, header.ClusterBits);
        ulong first = offset >> header.ClusterBits;
        ulong last = (offset + (ulong)byteCount - 1) >> header.ClusterBits;
        if (first == 0 || offset >= file.ByteCount)
        {
            _check.AddCorruption($"Cluster {GuestCluster(l1Index, index)} of the disk is compressed at the offset {offset}, outside the file.");
            return;
        }

        for (ulong cluster = first; cluster <= last; cluster++)
        {
            if (_exclusive.Contains(cluster) || _tables.Contains(cluster))
            {
                _check.AddCorruption($"Cluster {GuestCluster(l1Index, index)} of the disk lies on a table of the image (cluster {cluster} of the file).");
                return;
            }

            Counts.Increment(cluster);
        }
    }

    private void CheckComplete()
    {
        _check.TotalCount = (long)((header.ByteCount + (ulong)header.ClusterByteCount - 1) >> header.ClusterBits);
        if (!Counts.IsComplete || _entryCount > MaxEntryCount)
        {
            _check.AddCorruption("The image's tables are too large to be examined.");
        }
    }

    private void CompareCounts()
    {
        foreach (ulong cluster in Counts.UsedClusters())
        {
            int counted = Counts.Get(cluster);
            if (IsDone)
            {
                return;
            }

            if (TryGetRecorded(cluster, out ulong recorded) && recorded < (ulong)counted)
            {
                _check.AddCorruption($"Cluster {cluster} of the file is used {counted} times, but counted {recorded} times.");
            }
        }

        ReadOnlySpan<ulong> table = refcounts.Table;
        for (int i = 0; i < table.Length && !IsDone && !stopsAtCorruption; i++)
        {
            if (table[i] != 0 && refcounts.IsPlausible(table[i]))
            {
                FindLeaks((ulong)i * refcounts.ClustersPerBlock);
            }
        }
    }

    private void FindLeaks(ulong first)
    {
        _entryCount += (long)refcounts.ClustersPerBlock;
        for (ulong cluster = first; cluster < first + refcounts.ClustersPerBlock; cluster++)
        {
            int counted = Counts.Get(cluster);
            if (TryGetRecorded(cluster, out ulong recorded) && recorded > (ulong)counted && counted < ushort.MaxValue)
            {
                _check.AddLeak($"Cluster {cluster} of the file is used {counted} times, but counted {recorded} times (leaked space).");
            }
        }
    }

    private bool TryGetRecorded(ulong cluster, out ulong recorded)
    {
        recorded = 0;
        ulong index = cluster / refcounts.ClustersPerBlock;
        ReadOnlySpan<ulong> table = refcounts.Table;
        // What is wrong with the table itself was found before.
        return index >= (ulong)table.Length || table[(int)index] == 0
            || (refcounts.IsPlausible(table[(int)index]) && refcounts.Get(cluster, out recorded) == BlockResult.Ok);
    }

    // Only in the active tables does the flag have a meaning.
    private void CheckCopiedFlags()
    {
        for (int i = 0; i < l1.Length && !IsDone; i++)
        {
            ulong offset = l1[i] & Qcow2Entry.OffsetMask;
            if (offset == 0 || !IsPlausible(offset))
            {
                continue;
            }

            CheckCopiedFlag(l1[i], $"entry {i} of the L1 table");
            if (file.Read(offset, _table) != BlockResult.Ok)
            {
                continue;
            }

            for (int k = 0; k < header.L2EntryCount && !IsDone; k++)
            {
                ulong entry = BinaryPrimitives.ReadUInt64BigEndian(_table.AsSpan(k * 8));
                if ((entry & Qcow2Entry.Compressed) == 0 && (entry & Qcow2Entry.OffsetMask) != 0)
                {
                    CheckCopiedFlag(entry, string.Empty, GuestCluster(i, k));
                }
            }
        }
    }

    private void CheckCopiedFlag(ulong entry, string what, ulong guestCluster = 0)
    {
        if (refcounts.Get((entry & Qcow2Entry.OffsetMask) >> header.ClusterBits, out ulong count) == BlockResult.Ok
            && (count == 1) != ((entry & Qcow2Entry.Copied) != 0))
        {
            what = what.Length > 0 ? what : $"cluster {guestCluster} of the disk";
            _check.AddCorruption($"The flag of {what} says that it is {((entry & Qcow2Entry.Copied) != 0 ? "used once" : "shared")}, but it is counted {count} times.");
        }
    }

    private ulong GuestCluster(int l1Index, int index) => ((ulong)l1Index * (ulong)header.L2EntryCount) + (ulong)index;

    private void Reference(ulong cluster, string what)
    {
        if (cluster << header.ClusterBits >= file.ByteCount)
        {
            _check.AddCorruption($"The image's file ends before {what}.");
            return;
        }

        Counts.Increment(cluster);
    }

    private void ReferenceRange(ulong offset, ulong byteCount, string what)
    {
        if (byteCount == 0)
        {
            return;
        }

        if (offset > file.ByteCount || byteCount > file.ByteCount - offset + (ulong)header.ClusterByteCount)
        {
            _check.AddCorruption($"The image's file ends before {what}.");
            return;
        }

        for (ulong cluster = offset >> header.ClusterBits; cluster <= (offset + byteCount - 1) >> header.ClusterBits; cluster++)
        {
            Counts.Increment(cluster);
        }
    }

    private ulong[]? ReadEntries(ulong offset, int count)
    {
        ulong byteCount = (ulong)count * 8;
        if (offset > file.ByteCount || byteCount > file.ByteCount - offset)
        {
            return null;
        }

        byte[] bytes = new byte[byteCount];
        if (file.Read(offset, bytes) != BlockResult.Ok)
        {
            return null;
        }

        ulong[] entries = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            entries[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * 8));
        }

        return entries;
    }

    private bool IsPlausible(ulong offset)
        => (offset & ((ulong)header.ClusterByteCount - 1)) == 0 && offset >= (ulong)header.ClusterByteCount && offset < file.ByteCount + (ulong)header.ClusterByteCount;
}
