using System;
using System.Collections.Generic;

namespace Sosia.Images.Qcow2;

/// <summary>
/// Tables of one kind in memory, the most recently used ones. A changed table stays here until the image writes it in the right order.
/// </summary>
/// <param name="file">The image's file.</param>
/// <param name="tableByteCount">The size of a table: a cluster.</param>
/// <param name="capacity">How many are kept.</param>
/// <param name="writeBack">Writes all changed tables in the order that the format needs, when room is wanted and all tables have changed.</param>
internal sealed class TableCache(ImageFile file, int tableByteCount, int capacity, Func<BlockResult> writeBack)
{
    private readonly Dictionary<ulong, CachedTable> _byOffset = [];
    private readonly List<CachedTable> _tables = [];
    private CachedTable? _last;
    private long _useCount;

    public bool HasDirty
    {
        get
        {
            foreach (CachedTable table in _tables)
            {
                if (table.IsDirty)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Gets a table, from the file if need be.</summary>
    public BlockResult Get(ulong fileOffset, out CachedTable table)
    {
        if (_last is not null && _last.FileOffset == fileOffset)
        {
            table = _last;
            return BlockResult.Ok;
        }

        if (_byOffset.TryGetValue(fileOffset, out CachedTable? known))
        {
            known.LastUse = ++_useCount;
            table = _last = known;
            return BlockResult.Ok;
        }

        BlockResult result = TakeRoom(out table);
        if (result == BlockResult.Ok)
        {
            result = file.Read(fileOffset, table.Bytes);
            if (result == BlockResult.Ok)
            {
                Enter(table, fileOffset);
            }
        }

        return result;
    }

    /// <summary>Makes a table that is not in the file yet, full of zeros.</summary>
    public BlockResult Create(ulong fileOffset, out CachedTable table)
    {
        // A table of that place that was given up may still be here.
        Forget(fileOffset);
        BlockResult result = TakeRoom(out table);
        if (result == BlockResult.Ok)
        {
            Array.Clear(table.Bytes);
            table.MarkAllDirty();
            Enter(table, fileOffset);
        }

        return result;
    }

    /// <summary>Forgets a table whose place is used for something else now.</summary>
    public void Forget(ulong fileOffset)
    {
        if (_byOffset.Remove(fileOffset, out CachedTable? table))
        {
            table.Forget();
            table.FileOffset = ulong.MaxValue;
            table.LastUse = 0;
            if (_last == table)
            {
                _last = null;
            }
        }
    }

    /// <summary>Forgets everything, changed or not.</summary>
    public void Clear()
    {
        _byOffset.Clear();
        _tables.Clear();
        _last = null;
    }

    /// <summary>Writes all changed tables.</summary>
    public BlockResult WriteAll()
    {
        foreach (CachedTable table in _tables)
        {
            BlockResult result = table.IsDirty ? table.WriteTo(file) : BlockResult.Ok;
            if (result != BlockResult.Ok)
            {
                return result;
            }
        }

        return BlockResult.Ok;
    }

    private void Enter(CachedTable table, ulong fileOffset)
    {
        table.FileOffset = fileOffset;
        table.LastUse = ++_useCount;
        _byOffset[fileOffset] = table;
        _last = table;
    }

    private BlockResult TakeRoom(out CachedTable table)
    {
        if (_tables.Count < capacity)
        {
            table = new CachedTable(tableByteCount) { FileOffset = ulong.MaxValue };
            _tables.Add(table);
            return BlockResult.Ok;
        }

        table = FindOldest(clean: true)!;
        if (table is null)
        {
            BlockResult result = writeBack();
            table = FindOldest(clean: false)!;
            if (result != BlockResult.Ok)
            {
                return result;
            }
        }

        Forget(table.FileOffset);
        return BlockResult.Ok;
    }

    private CachedTable? FindOldest(bool clean)
    {
        CachedTable? oldest = null;
        foreach (CachedTable table in _tables)
        {
            if ((!clean || !table.IsDirty) && (oldest is null || table.LastUse < oldest.LastUse))
            {
                oldest = table;
            }
        }

        return oldest;
    }
}
