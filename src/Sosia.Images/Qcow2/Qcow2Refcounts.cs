using System;
using System.Buffers.Binary;
using Sosia.Core;

namespace Sosia.Images.Qcow2;

/// <summary>
/// How often each cluster of the file is used, and thereby which are free. Changes stay in memory until <see cref="WriteBlocks"/> and
/// <see cref="WriteTable"/>, which the image calls before it writes what refers to the clusters.
/// </summary>
internal sealed class Qcow2Refcounts
{
    private const int CacheByteCount = 8 << 20;
    private const ulong MaxTableByteCount = 8 << 20;

    private readonly ImageFile _file;
    private readonly Qcow2Header _header;
    private readonly TableCache _blocks;
    private readonly int _order;
    private readonly int _blockBits;
    private ulong[] _table;
    private int _firstDirtyEntry = int.MaxValue;
    private int _lastDirtyEntry = -1;
    private ulong _hint;

    /// <summary>Reads the refcount table.</summary>
    /// <exception cref="SosiaException">It is damaged.</exception>
    public Qcow2Refcounts(ImageFile file, Qcow2Header header)
    {
        _file = file;
        _header = header;
        _order = header.RefcountOrder;
        _blockBits = header.ClusterBits + 3 - _order;
        int capacity = Math.Clamp(CacheByteCount >> header.ClusterBits, 8, 4096);
        _blocks = new TableCache(file, header.ClusterByteCount, capacity, WriteBlocks);
        byte[] bytes = new byte[header.RefcountTableClusterCount << header.ClusterBits];
        file.ReadOrThrow(header.RefcountTableFileOffset, bytes, Qcow2Header.Name, "its refcount table");
        _table = new ulong[bytes.Length / 8];
        for (int i = 0; i < _table.Length; i++)
        {
            _table[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * 8));
        }
    }

    /// <summary>The refcount table: where the block is that covers each piece of the file; 0 where there is none.</summary>
    public ReadOnlySpan<ulong> Table => _table;

    /// <summary>How many clusters a block covers.</summary>
    public ulong ClustersPerBlock => 1UL << _blockBits;

    /// <summary>The largest count that the image's width allows.</summary>
    public ulong MaxCount => _order == 6 ? long.MaxValue : (1UL << (1 << _order)) - 1;

    /// <summary>True when an entry of the table leads to a place where a block can be.</summary>
    public bool IsPlausible(ulong blockOffset)
        => blockOffset % (ulong)_header.ClusterByteCount == 0 && blockOffset != 0 && blockOffset < _file.ByteCount && blockOffset <= Qcow2Entry.OffsetMask;

    /// <summary>Gets a cluster's count.</summary>
    public BlockResult Get(ulong cluster, out ulong count)
    {
        count = 0;
        ulong index = cluster >> _blockBits;
        if (index >= (ulong)_table.Length || _table[index] == 0)
        {
            return BlockResult.Ok;
        }

        BlockResult result = _blocks.Get(_table[index], out CachedTable block);
        if (result == BlockResult.Ok)
        {
            count = GetIn(block.Bytes, (int)(cluster & (ClustersPerBlock - 1)));
        }

        return result;
    }

    /// <summary>Sets a cluster's count.</summary>
    public BlockResult Set(ulong cluster, ulong count)
    {
        BlockResult result = EnsureBlock(cluster >> _blockBits);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        result = _blocks.Get(_table[cluster >> _blockBits], out CachedTable block);
        if (result == BlockResult.Ok)
        {
            int index = (int)(cluster & (ClustersPerBlock - 1));
            SetIn(block.Bytes, index, count);
            block.MarkDirty((int)(((long)index << _order) >> 3));
            if (count == 0)
            {
                _hint = Math.Min(_hint, cluster);
            }
        }

        return result;
    }

    /// <summary>Changes a cluster's count.</summary>
    /// <returns><see cref="BlockResult.Corrupt"/> when it would become negative or too large.</returns>
    public BlockResult Add(ulong cluster, int difference, out ulong count)
    {
        BlockResult result = Get(cluster, out count);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        if (difference < 0 ? count < (ulong)-difference : count > MaxCount - (ulong)difference)
        {
            return BlockResult.Corrupt;
        }

        count = (ulong)((long)count + difference);
        return Set(cluster, count);
    }

    /// <summary>Takes free clusters.</summary>
    /// <param name="wanted">How many, at least 1.</param>
    /// <param name="all">True when all of them are needed in one piece; false when fewer will do.</param>
    /// <param name="firstCluster">The first.</param>
    /// <param name="count">How many there are.</param>
    public BlockResult Allocate(ulong wanted, bool all, out ulong firstCluster, out ulong count)
    {
        firstCluster = 0;
        count = 0;
        bool mayMoveHint = true;
        for (ulong cluster = _hint; ; cluster++)
        {
            BlockResult result = EnsureBlock(cluster >> _blockBits);
            if (result == BlockResult.Ok)
            {
                result = Get(cluster, out ulong used);
                if (used == 0)
                {
                    firstCluster = count == 0 ? cluster : firstCluster;
                    count++;
                }
                else
                {
                    if (count != 0 && !all)
                    {
                        break;
                    }

                    // A free piece that is too small stays free for others.
                    mayMoveHint &= count == 0;
                    count = 0;
                }
            }

            if (result != BlockResult.Ok)
            {
                return result;
            }

            if (count == wanted)
            {
                break;
            }
        }

        for (ulong i = 0; i < count; i++)
        {
            BlockResult result = Set(firstCluster + i, 1);
            if (result != BlockResult.Ok)
            {
                return result;
            }
        }

        _hint = mayMoveHint ? firstCluster + count : _hint;
        return BlockResult.Ok;
    }

    /// <summary>Makes an empty block for a piece of the file in a cluster that the caller knows to be free.</summary>
    public BlockResult CreateBlock(ulong index, ulong cluster)
    {
        BlockResult result = _blocks.Create(cluster << _header.ClusterBits, out _);
        if (result == BlockResult.Ok)
        {
            SetTableEntry((int)index, cluster << _header.ClusterBits);
        }

        return result;
    }

    /// <summary>Writes all changed blocks.</summary>
    public BlockResult WriteBlocks() => _blocks.WriteAll();

    /// <summary>True when blocks have changed.</summary>
    public bool HasDirtyBlocks => _blocks.HasDirty;

    /// <summary>True when the table has changed.</summary>
    public bool IsTableDirty => _lastDirtyEntry >= 0;

    /// <summary>Writes what has changed of the table.</summary>
    public BlockResult WriteTable()
    {
        if (!IsTableDirty)
        {
            return BlockResult.Ok;
        }

        byte[] bytes = new byte[(_lastDirtyEntry - _firstDirtyEntry + 1) * 8];
        for (int i = _firstDirtyEntry; i <= _lastDirtyEntry; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan((i - _firstDirtyEntry) * 8), _table[i]);
        }

        BlockResult result = _file.Write(_header.RefcountTableFileOffset + ((ulong)_firstDirtyEntry * 8), bytes);
        if (result == BlockResult.Ok)
        {
            _firstDirtyEntry = int.MaxValue;
            _lastDirtyEntry = -1;
        }

        return result;
    }

    // A block that covers a piece of the file without one. All clusters of that piece are free, so it takes the piece's first one.
    private BlockResult EnsureBlock(ulong index)
    {
        if (index >= (ulong)_table.Length)
        {
            BlockResult grown = GrowTable(index);
            if (grown != BlockResult.Ok)
            {
                return grown;
            }
        }

        if (_table[index] != 0)
        {
            return BlockResult.Ok;
        }

        ulong firstCluster = index << _blockBits;
        BlockResult result = _blocks.Create(firstCluster << _header.ClusterBits, out CachedTable block);
        if (result == BlockResult.Ok)
        {
            SetIn(block.Bytes, 0, 1);
            SetTableEntry((int)index, firstCluster << _header.ClusterBits);
        }

        return result;
    }

    private void SetTableEntry(int index, ulong offset)
    {
        _table[index] = offset;
        _firstDirtyEntry = Math.Min(_firstDirtyEntry, index);
        _lastDirtyEntry = Math.Max(_lastDirtyEntry, index);
    }

    // The new table lies behind everything that the old one covers, after the blocks that cover itself.
    private BlockResult GrowTable(ulong index)
    {
        int entriesPerCluster = _header.ClusterByteCount / 8;
        int oldEntryCount = _table.Length;
        ulong wanted = Math.Max(index + 1, (ulong)oldEntryCount + ((ulong)oldEntryCount / 2)) + 1;
        ulong tableClusters = (wanted + (ulong)entriesPerCluster - 1) / (ulong)entriesPerCluster;
        ulong blockCount = 1;
        while (blockCount << _blockBits < blockCount + tableClusters)
        {
            blockCount++;
        }

        ulong entryCount = Math.Max(tableClusters * (ulong)entriesPerCluster, (ulong)oldEntryCount + blockCount);
        tableClusters = (entryCount + (ulong)entriesPerCluster - 1) / (ulong)entriesPerCluster;
        if (tableClusters << _header.ClusterBits > MaxTableByteCount)
        {
            return BlockResult.NoSpace;
        }

        ulong[] oldTable = _table;
        Array.Resize(ref _table, (int)tableClusters * entriesPerCluster);
        ulong firstCluster = (ulong)oldEntryCount << _blockBits;
        BlockResult result = CreateBlocksForTable(firstCluster, blockCount, tableClusters);
        ulong tableOffset = (firstCluster + blockCount) << _header.ClusterBits;
        result = result != BlockResult.Ok ? result : WriteBlocks();
        result = result != BlockResult.Ok ? result : WriteWholeTable(tableOffset);
        result = result != BlockResult.Ok ? result : _file.Flush();
        if (result == BlockResult.Ok)
        {
            Span<byte> place = stackalloc byte[12];
            BinaryPrimitives.WriteUInt64BigEndian(place, tableOffset);
            BinaryPrimitives.WriteUInt32BigEndian(place[8..], (uint)tableClusters);
            result = _file.Write(Qcow2Header.RefcountTableOffset, place);
        }

        if (result != BlockResult.Ok)
        {
            for (ulong i = 0; i < blockCount; i++)
            {
                _blocks.Forget((firstCluster + i) << _header.ClusterBits);
            }

            _table = oldTable;
            return result;
        }

        result = _file.Flush();
        ulong oldCluster = _header.RefcountTableFileOffset >> _header.ClusterBits;
        int oldClusterCount = _header.RefcountTableClusterCount;
        _header.RefcountTableFileOffset = tableOffset;
        _header.RefcountTableClusterCount = (int)tableClusters;
        _firstDirtyEntry = int.MaxValue;
        _lastDirtyEntry = -1;
        for (int i = 0; i < oldClusterCount && result == BlockResult.Ok; i++)
        {
            result = Add(oldCluster + (ulong)i, -1, out _);
        }

        return result;
    }

    private BlockResult CreateBlocksForTable(ulong firstCluster, ulong blockCount, ulong tableClusters)
    {
        for (ulong i = 0; i < blockCount; i++)
        {
            ulong blockOffset = (firstCluster + i) << _header.ClusterBits;
            BlockResult result = _blocks.Create(blockOffset, out CachedTable block);
            if (result != BlockResult.Ok)
            {
                return result;
            }

            // What this block covers of the blocks and the table.
            ulong covered = i << _blockBits;
            ulong used = blockCount + tableClusters;
            for (ulong k = covered; k < Math.Min(used, covered + ClustersPerBlock); k++)
            {
                SetIn(block.Bytes, (int)(k - covered), 1);
            }

            _table[(int)(firstCluster >> _blockBits) + (int)i] = blockOffset;
        }

        return BlockResult.Ok;
    }

    private BlockResult WriteWholeTable(ulong offset)
    {
        byte[] bytes = new byte[_table.Length * 8];
        for (int i = 0; i < _table.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * 8), _table[i]);
        }

        return _file.Write(offset, bytes);
    }

    private ulong GetIn(ReadOnlySpan<byte> bytes, int index) => _order switch
    {
        0 => (ulong)(bytes[index >> 3] >> (index & 7) & 1),
        1 => (ulong)(bytes[index >> 2] >> (2 * (index & 3)) & 3),
        2 => (ulong)(bytes[index >> 1] >> (4 * (index & 1)) & 15),
        3 => bytes[index],
        4 => BinaryPrimitives.ReadUInt16BigEndian(bytes[(index * 2)..]),
        5 => BinaryPrimitives.ReadUInt32BigEndian(bytes[(index * 4)..]),
        _ => BinaryPrimitives.ReadUInt64BigEndian(bytes[(index * 8)..]),
    };

    private void SetIn(Span<byte> bytes, int index, ulong count)
    {
        switch (_order)
        {
            case 0 or 1 or 2:
                int width = 1 << _order;
                int shift = (index << _order) & 7;
                ref byte cell = ref bytes[(index << _order) >> 3];
                cell = (byte)((cell & ~(((1 << width) - 1) << shift)) | ((int)count << shift));
                break;
            case 3:
                bytes[index] = (byte)count;
                break;
            case 4:
                BinaryPrimitives.WriteUInt16BigEndian(bytes[(index * 2)..], (ushort)count);
                break;
            case 5:
                BinaryPrimitives.WriteUInt32BigEndian(bytes[(index * 4)..], (uint)count);
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(bytes[(index * 8)..], count);
                break;
        }
    }
}
