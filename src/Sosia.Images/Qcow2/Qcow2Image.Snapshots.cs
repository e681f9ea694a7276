using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Sosia.Core;

namespace Sosia.Images.Qcow2;

/// <content>
/// Internal snapshots. Counts and flags of many clusters change together, which no order of writes makes consistent at every moment;
/// so the image is marked dirty meanwhile (version 3), and who opens it after an interruption makes the counts anew.
/// </content>
internal sealed partial class Qcow2Image : ISnapshotStore
{
    private const int MaxExtraByteCount = 1024;
    private const int MaxSnapshotTableByteCount = 64 << 20;
    private const int MaxNameByteCount = 255;

    private readonly List<Qcow2Snapshot> _snapshots;
    private int _snapshotTableByteCount;
    private bool _keepsDirty;

    public override ISnapshotStore SnapshotStore => this;

    public IReadOnlyList<DiskSnapshot> Snapshots => _snapshots.ConvertAll(s => s.Describe(ByteCount));

    public void CreateSnapshot(string name, DateTimeOffset time)
    {
        RequireWritable();
        int nameByteCount = Encoding.UTF8.GetByteCount(name);
        if (nameByteCount is 0 or > MaxNameByteCount)
        {
            throw new SosiaException($"The snapshot name '{name}' is impossible; choose one of 1 to {MaxNameByteCount} bytes.");
        }

        if (_snapshots.Exists(s => s.Name == name))
        {
            throw new SosiaException($"The disk image '{Path}' has a snapshot named '{name}' already; choose another name, or delete that one.");
        }

        Do(Flush());
        Begin();
        ulong l1Offset = WriteNewTable(L1Bytes(copiedFlags: false));
        Do(AddReferences(_l1, 1));
        RefreshCopiedFlags();
        Do(Flush());
        _snapshots.Add(new Qcow2Snapshot
        {
            L1TableOffset = l1Offset,
            L1EntryCount = _l1.Length,
            Id = NextId(),
            Name = name,
            Seconds = (uint)time.ToUnixTimeSeconds(),
            Nanoseconds = (uint)(time.Ticks % TimeSpan.TicksPerSecond * 100),
            Extra = Qcow2Snapshot.MakeExtra(ByteCount),
        });
        WriteSnapshotTable();
        End();
    }

    public void ApplySnapshot(string nameOrId)
    {
        RequireWritable();
        Qcow2Snapshot snapshot = Find(nameOrId);
        Do(Flush());
        Begin();
        ulong[] entries = ReadL1(snapshot.L1TableOffset, snapshot.L1EntryCount);
        ulong[] old = _l1;
        ulong oldOffset = _header.L1TableOffset;
        ulong byteCount = snapshot.DiskByteCount == 0 ? ByteCount : snapshot.DiskByteCount;
        Array.Resize(ref entries, Math.Max(entries.Length, (int)_header.RequiredL1EntryCount(byteCount)));
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] &= Qcow2Entry.OffsetMask;
        }

        Do(AddReferences(entries, 1));
        _l1 = entries;
        ulong offset = WriteNewTable(L1Bytes(copiedFlags: false));
        SwitchL1(offset, byteCount);
        Do(AddReferences(old, -1));
        FreeTable(oldOffset, old.Length * 8);
        RefreshCopiedFlags();
        Do(Flush());
        End();
    }

    public void DeleteSnapshot(string nameOrId)
    {
        RequireWritable();
        Qcow2Snapshot snapshot = Find(nameOrId);
        Do(Flush());
        Begin();
        ulong[] entries = ReadL1(snapshot.L1TableOffset, snapshot.L1EntryCount);
        _snapshots.Remove(snapshot);
        WriteSnapshotTable();
        Do(AddReferences(entries, -1));
        FreeTable(snapshot.L1TableOffset, entries.Length * 8);
        RefreshCopiedFlags();
        Do(Flush());
        End();
    }

    private void RequireWritable()
    {
        if (IsReadOnly || _isBroken)
        {
            throw ImageErrors.ReadOnly(Path);
        }
    }

    private Qcow2Snapshot Find(string nameOrId)
        => _snapshots.Find(s => s.Id == nameOrId) ?? _snapshots.Find(s => s.Name == nameOrId)
            ?? throw new SosiaException($"The disk image '{Path}' has no snapshot '{nameOrId}'; './sosia disk snapshot list' lists them.");

    private string NextId()
    {
        ulong last = 0;
        foreach (Qcow2Snapshot snapshot in _snapshots)
        {
            if (ulong.TryParse(snapshot.Id, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id))
            {
                last = Math.Max(last, id);
            }
        }

        return (last + 1).ToString(CultureInfo.InvariantCulture);
    }

    private void Begin()
    {
        if (_header.Version >= 3 && !_header.IsDirty)
        {
            Do(WriteIncompatibleFeatures(_header.IncompatibleFeatures | Qcow2Header.DirtyFeature));
        }

        // Until the end: an error in between leaves the mark.
        _keepsDirty = true;
    }

    private void End()
    {
        Do(WriteRefcounts());
        Do(File.Flush());
        _keepsDirty = false;
        if (_header.IsDirty && !_header.HasLazyRefcounts)
        {
            Do(WriteIncompatibleFeatures(_header.IncompatibleFeatures & ~Qcow2Header.DirtyFeature));
        }
    }

    private void Do(BlockResult result)
    {
        if (result != BlockResult.Ok)
        {
            // What is in memory no longer is what is in the file.
            _isBroken = true;
            throw ImageErrors.Failed(Path, "changed", result);
        }
    }

    private List<Qcow2Snapshot> ReadSnapshots()
    {
        List<Qcow2Snapshot> snapshots = [];
        ulong position = _header.SnapshotTableOffset;
        byte[] head = new byte[Qcow2Snapshot.FixedByteCount];
        for (int i = 0; i < _header.SnapshotCount; i++)
        {
            File.ReadOrThrow(position, head, Qcow2Header.Name, "the snapshot table");
            int idByteCount = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(12));
            int nameByteCount = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(14));
            uint extraByteCount = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(36));
            uint l1EntryCount = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(8));
            ulong l1Offset = BinaryPrimitives.ReadUInt64BigEndian(head);
            bool isPossible = extraByteCount <= MaxExtraByteCount && l1EntryCount <= (32 << 20) / 8
                && l1Offset % ClusterByteCount == 0 && l1Offset <= File.ByteCount && l1EntryCount * 8UL <= File.ByteCount - l1Offset;
            if (!isPossible || position - _header.SnapshotTableOffset > MaxSnapshotTableByteCount)
            {
                throw ImageErrors.Damaged(Path, Qcow2Header.Name, $"entry {i} of its snapshot table is impossible");
            }

            byte[] rest = new byte[(int)extraByteCount + idByteCount + nameByteCount];
            File.ReadOrThrow(position + (ulong)head.Length, rest, Qcow2Header.Name, "the snapshot table");
            var snapshot = new Qcow2Snapshot
            {
                L1TableOffset = l1Offset,
                L1EntryCount = (int)l1EntryCount,
                Id = Encoding.UTF8.GetString(rest, (int)extraByteCount, idByteCount),
                Name = Encoding.UTF8.GetString(rest, (int)extraByteCount + idByteCount, nameByteCount),
                Seconds = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(16)),
                Nanoseconds = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(20)),
                GuestNanoseconds = BinaryPrimitives.ReadUInt64BigEndian(head.AsSpan(24)),
                MachineStateByteCount32 = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(32)),
                Extra = rest[..(int)extraByteCount],
            };
            snapshots.Add(snapshot);
            position += (ulong)((head.Length + rest.Length + 7) & ~7);
        }

        _snapshotTableByteCount = (int)(position - _header.SnapshotTableOffset);
        return snapshots;
    }

    private void WriteSnapshotTable()
    {
        int byteCount = 0;
        foreach (Qcow2Snapshot snapshot in _snapshots)
        {
            byteCount += snapshot.ByteCount;
        }

        byte[] bytes = new byte[byteCount];
        int position = 0;
        foreach (Qcow2Snapshot snapshot in _snapshots)
        {
            snapshot.WriteTo(bytes.AsSpan(position));
            position += snapshot.ByteCount;
        }

        ulong oldOffset = _header.SnapshotTableOffset;
        int oldByteCount = _snapshotTableByteCount;
        ulong offset = byteCount == 0 ? 0 : WriteNewTable(bytes);
        byte[] header = new byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(header, (uint)_snapshots.Count);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(4), offset);
        Do(File.Write(Qcow2Header.SnapshotsOffset, header));
        Do(File.Flush());
        _header.SnapshotCount = _snapshots.Count;
        _header.SnapshotTableOffset = offset;
        _snapshotTableByteCount = byteCount;
        FreeTable(oldOffset, oldByteCount);
    }

    // Counts first, then the table, both durable when this returns.
    private ulong WriteNewTable(ReadOnlySpan<byte> bytes)
    {
        ulong clusters = ((ulong)bytes.Length + ClusterByteCount - 1) >> _clusterBits;
        Do(Refcounts.Allocate(Math.Max(1, clusters), all: true, out ulong first, out _));
        Do(WriteRefcounts());
        Do(File.Write(first << _clusterBits, bytes));
        Do(File.Flush());
        return first << _clusterBits;
    }

    private void FreeTable(ulong offset, int byteCount)
    {
        ulong clusters = offset == 0 ? 0 : ((ulong)byteCount + ClusterByteCount - 1) >> _clusterBits;
        for (ulong i = 0; i < clusters; i++)
        {
            Do(Release((offset >> _clusterBits) + i));
        }
    }

    private byte[] L1Bytes(bool copiedFlags)
    {
        byte[] bytes = new byte[_l1.Length * 8];
        for (int i = 0; i < _l1.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * 8), copiedFlags ? _l1[i] : _l1[i] & ~Qcow2Entry.Copied);
        }

        return bytes;
    }

    // One write that changes the disk's size and where its L1 table is: the old and the new disk are both whole.
    private void SwitchL1(ulong offset, ulong byteCount)
    {
        byte[] bytes = new byte[24];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, byteCount);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), 0);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(Qcow2Header.L1Offset - Qcow2Header.SizeOffset), (uint)_l1.Length);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(Qcow2Header.L1Offset + 4 - Qcow2Header.SizeOffset), offset);
        Do(File.Write(Qcow2Header.SizeOffset, bytes));
        Do(File.Flush());
        _header.ByteCount = byteCount;
        _header.L1EntryCount = _l1.Length;
        _header.L1TableOffset = offset;
        _firstDirtyL1 = int.MaxValue;
        _lastDirtyL1 = -1;
    }

    private BlockResult AddReferences(ulong[] entries, int difference)
    {
        BlockResult result = BlockResult.Ok;
        for (int i = 0; i < entries.Length && result == BlockResult.Ok; i++)
        {
            ulong offset = entries[i] & Qcow2Entry.OffsetMask;
            if (offset == 0)
            {
                continue;
            }

            result = _l2Tables.Get(offset, out CachedTable table);
            for (int k = 0; k < _header.L2EntryCount && result == BlockResult.Ok; k++)
            {
                result = AddReference(table.GetEntry(k), difference);
            }

            result = result != BlockResult.Ok ? result : AddReference(offset, difference);
        }

        return result;
    }

    private BlockResult AddReference(ulong entry, int difference)
    {
        ulong offset = entry & Qcow2Entry.OffsetMask;
        ulong byteCount = offset == 0 ? 0 : 1UL;
        if ((entry & Qcow2Entry.Compressed) != 0)
        {
            (offset, int compressedByteCount) = Qcow2Entry.DecodeCompressed(entry, _clusterBits);
            byteCount = (ulong)compressedByteCount;
        }

        BlockResult result = BlockResult.Ok;
        for (ulong cluster = offset >> _clusterBits; byteCount > 0 && cluster <= (offset + byteCount - 1) >> _clusterBits && result == BlockResult.Ok; cluster++)
        {
            result = difference > 0 ? Refcounts.Add(cluster, difference, out _) : Release(cluster);
        }

        return result;
    }

    // The flags of the active tables follow from the counts.
    private void RefreshCopiedFlags()
    {
        for (int i = 0; i < _l1.Length; i++)
        {
            ulong offset = _l1[i] & Qcow2Entry.OffsetMask;
            if (offset == 0)
            {
                continue;
            }

            ulong entry = WithCopiedFlag(offset);
            if (entry != _l1[i])
            {
                SetL1(i, entry);
            }

            Do(_l2Tables.Get(offset, out CachedTable table));
            for (int k = 0; k < _header.L2EntryCount; k++)
            {
                ulong old = table.GetEntry(k);
                ulong changed = (old & Qcow2Entry.Compressed) == 0 && (old & Qcow2Entry.OffsetMask) != 0 ? WithCopiedFlag(old) : old;
                if (changed != old)
                {
                    table.SetEntry(k, changed);
                }
            }
        }
    }

    private ulong WithCopiedFlag(ulong entry)
    {
        Do(Refcounts.Get((entry & Qcow2Entry.OffsetMask) >> _clusterBits, out ulong count));
        return count == 1 ? entry | Qcow2Entry.Copied : entry & ~Qcow2Entry.Copied;
    }
}
