using System;
using System.Buffers.Binary;
using System.Collections;
using System.Collections.Generic;
using System.Text;

namespace Sosia.Images.Fat;

/// <summary>
/// Reads the file system that a guest has made of the disk, strictly: only what is consistent in every respect has a tree. In the middle of a change – a chain
/// that is longer than its file, clusters that belong to nobody – it has none.
/// </summary>
internal sealed class FatVolume
{
    private const int MaxEntryCount = 100_000;
    private const int MaxDepth = 32;
    private const byte AttributeFolder = 0x10;
    private const byte AttributeVolume = 0x08;
    private const byte AttributeLongName = 0x0f;
    private const byte AttributeBits = 0x3f;
    private const byte Deleted = 0xe5;
    private const byte LastLongEntry = 0x40;
    private const byte LongEntryNumber = 0x1f;

    private readonly IBlockBackend _disk;
    private readonly FatLayout _layout;
    private readonly uint[] _next;
    private readonly BitArray _used;
    private readonly byte[] _cluster;
    private int _entryCount;
    private string? _problem;

    private FatVolume(IBlockBackend disk, FatLayout layout)
    {
        _disk = disk;
        _layout = layout;
        _next = new uint[layout.ClusterCount + FatLayout.FirstDataCluster];
        _used = new BitArray(_next.Length);
        _cluster = new byte[layout.ClusterByteCount];
    }

    private uint EndOfChain => _layout.IsFat32 ? 0x0fff_fff8u : 0xfff8u;

    private uint BadCluster => _layout.IsFat32 ? 0x0fff_fff7u : 0xfff7u;

    /// <summary>Reads it all.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="layout">What it was made as, which the guest must have left so.</param>
    /// <param name="root">The root folder; null when there is a problem.</param>
    /// <param name="problem">What is not consistent.</param>
    /// <returns>How reading the disk ended.</returns>
    public static BlockResult Read(IBlockBackend disk, FatLayout layout, out FatEntry? root, out string? problem)
    {
        var volume = new FatVolume(disk, layout);
        root = null;
        BlockResult result = volume.ReadAll(out FatEntry? found);
        problem = volume._problem;
        root = result == BlockResult.Ok && problem is null ? found : null;
        return result;
    }

    private BlockResult ReadAll(out FatEntry? root)
    {
        root = null;
        BlockResult result = CheckHeaders();
        result = result == BlockResult.Ok ? ReadTables() : result;
        if (result != BlockResult.Ok || _problem is not null)
        {
            return result;
        }

        uint first = _layout.IsFat32 ? FatLayout.Fat32Root : 0;
        root = new FatEntry { Name = string.Empty, Children = [], FirstCluster = first, Clusters = first == 0 ? [] : Follow(first, "the root folder") };
        result = ReadFolder(root, 0);
        for (int cluster = (int)FatLayout.FirstDataCluster; cluster < _next.Length && _problem is null && result == BlockResult.Ok; cluster++)
        {
            if (_next[cluster] != 0 && _next[cluster] != BadCluster && !_used[cluster])
            {
                _problem = $"cluster {cluster} belongs to no file";
            }
        }

        return result;
    }

    // A guest that has made another partition or file system has given the folder up.
    private BlockResult CheckHeaders()
    {
        byte[] sector = new byte[FatLayout.SectorByteCount];
        BlockResult result = _disk.Read(0, sector);
        if (result == BlockResult.Ok && !sector.AsSpan(446).SequenceEqual(_layout.MakePartitionTable().AsSpan(446)))
        {
            _problem = "the partition table is another one";
        }

        result = result == BlockResult.Ok ? _disk.Read(FatLayout.PartitionStart * FatLayout.SectorByteCount, sector) : result;
        // The fields from the sectors' length to the place of FAT32's root folder; what follows is state and names.
        int end = _layout.IsFat32 ? 48 : 36;
        if (result == BlockResult.Ok && !sector.AsSpan(11, end - 11).SequenceEqual(_layout.MakeBootSector().AsSpan(11, end - 11)))
        {
            _problem = "the partition was formatted anew";
        }

        return result;
    }

    private BlockResult ReadTables()
    {
        int width = _layout.IsFat32 ? 4 : 2;
        byte[] table = new byte[_next.Length * width];
        byte[] copy = new byte[table.Length];
        ulong place = (ulong)_layout.FirstFatSector * FatLayout.SectorByteCount;
        BlockResult result = _disk.Read(place, table);
        result = result == BlockResult.Ok ? _disk.Read(place + ((ulong)_layout.FatSectors * FatLayout.SectorByteCount), copy) : result;
        int first = width * (int)FatLayout.FirstDataCluster;
        if (result != BlockResult.Ok || !table.AsSpan(first).SequenceEqual(copy.AsSpan(first)))
        {
            _problem = "the two file allocation tables differ";
            return result;
        }

        for (int i = (int)FatLayout.FirstDataCluster; i < _next.Length; i++)
        {
            _next[i] = _layout.IsFat32
                ? BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(i * width)) & 0x0fff_ffff
                : BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(i * width));
        }

        return result;
    }

    private uint[] Follow(uint first, string what)
    {
        List<uint> chain = [];
        for (uint cluster = first; cluster < EndOfChain; cluster = _next[cluster])
        {
            if (cluster < FatLayout.FirstDataCluster || cluster >= _next.Length)
            {
                _problem ??= $"the chain of {what} leaves the disk";
                break;
            }

            if (_used[(int)cluster])
            {
                _problem ??= $"cluster {cluster} of {what} is in use twice";
                break;
            }

            _used[(int)cluster] = true;
            chain.Add(cluster);
        }

        return [.. chain];
    }

    private BlockResult ReadFolder(FatEntry folder, int depth)
    {
        byte[] bytes;
        BlockResult result;
        if (folder.FirstCluster == 0)
        {
            bytes = new byte[_layout.RootSectors * FatLayout.SectorByteCount];
            result = _disk.Read((ulong)_layout.RootSector * FatLayout.SectorByteCount, bytes);
        }
        else
        {
            bytes = new byte[folder.Clusters.Length * _layout.ClusterByteCount];
            result = BlockResult.Ok;
            for (int i = 0; i < folder.Clusters.Length && result == BlockResult.Ok; i++)
            {
                result = _disk.Read(_layout.PlaceOf(folder.Clusters[i]), _cluster);
                _cluster.CopyTo(bytes, i * _cluster.Length);
            }
        }

        if (result == BlockResult.Ok)
        {
            ReadEntries(folder, bytes);
        }

        foreach (FatEntry child in folder.Children!)
        {
            if (result != BlockResult.Ok || _problem is not null)
            {
                break;
            }

            if (child.IsFolder && depth >= MaxDepth)
            {
                _problem = $"the folder '{child.Path}' is nested more than {MaxDepth} deep";
            }
            else if (child.IsFolder)
            {
                result = ReadFolder(child, depth + 1);
            }
        }

        return result;
    }

    private void ReadEntries(FatEntry folder, byte[] bytes)
    {
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        var longName = new StringBuilder();
        int expected = 0;
        byte checksum = 0;
        for (int at = 0; at < bytes.Length && bytes[at] != 0 && _problem is null; at += FatDirectory.EntryByteCount)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(at, FatDirectory.EntryByteCount);
            if (entry[0] == Deleted)
            {
                expected = 0;
                longName.Clear();
                continue;
            }

            if ((entry[11] & AttributeBits) == AttributeLongName)
            {
                bool isLast = (entry[0] & LastLongEntry) != 0;
                if (isLast)
                {
                    longName.Clear();
                    expected = entry[0] & LongEntryNumber;
                    checksum = entry[13];
                }

                // What does not continue the name before it was left by a system that knows no long names.
                bool continues = expected > 0 && (entry[0] & LongEntryNumber) == expected && entry[13] == checksum && FatNames.Prepend(longName, entry);
                expected = continues ? expected - 1 : -1;
                continue;
            }

            bool hasLongName = expected == 0 && longName.Length != 0 && FatNames.Checksum(entry[..11]) == checksum;
            string name = hasLongName ? longName.ToString() : FatNames.DecodeShort(entry);
            expected = 0;
            longName.Clear();
            if ((entry[11] & AttributeVolume) == 0)
            {
                AddEntry(folder, entry, at / FatDirectory.EntryByteCount, name, names);
            }
        }
    }

    private void AddEntry(FatEntry folder, ReadOnlySpan<byte> entry, int index, string name, HashSet<string> names)
    {
        uint first = BinaryPrimitives.ReadUInt16LittleEndian(entry[26..]) | (_layout.IsFat32 ? (uint)BinaryPrimitives.ReadUInt16LittleEndian(entry[20..]) << 16 : 0);
        uint byteCount = BinaryPrimitives.ReadUInt32LittleEndian(entry[28..]);
        bool isFolder = (entry[11] & AttributeFolder) != 0;
        if (folder.Parent is not null && index < 2)
        {
            // A parent that is the root is cluster 0, whatever the root's is.
            uint wanted = index == 0 ? folder.FirstCluster : folder.Parent.Parent is null ? 0 : folder.Parent.FirstCluster;
            if (!isFolder || first != wanted || !entry[..11].SequenceEqual(index == 0 ? ".          "u8 : "..         "u8))
            {
                _problem = $"the folder '{folder.Path}' does not begin with itself and its parent";
            }

            return;
        }

        string path = folder.Parent is null ? name : folder.Path + "/" + name;
        if (++_entryCount > MaxEntryCount)
        {
            _problem = $"there are more than {MaxEntryCount} files";
        }
        else if (!FatNames.IsUsable(name))
        {
            _problem = $"the folder '{folder.Path}' has an entry with a name that no file can have";
        }
        else if (!names.Add(name))
        {
            _problem = $"'{path}' is there twice";
        }
        else
        {
            uint[] clusters = first == 0 ? [] : Follow(first, $"'{path}'");
            ulong capacity = (ulong)clusters.Length * (ulong)_layout.ClusterByteCount;
            if (isFolder ? first == 0 : byteCount > capacity || capacity - byteCount >= (ulong)_layout.ClusterByteCount)
            {
                _problem ??= $"'{path}' has {byteCount} bytes in {clusters.Length} clusters";
            }

            folder.Children!.Add(new FatEntry
            {
                Name = name,
                Parent = folder,
                Children = isFolder ? [] : null,
                ByteCount = byteCount,
                FirstCluster = first,
                Clusters = clusters,
                ModifiedSeconds = DecodeTime(entry),
            });
        }
    }

    private static long? DecodeTime(ReadOnlySpan<byte> entry)
    {
        int time = BinaryPrimitives.ReadUInt16LittleEndian(entry[22..]);
        int date = BinaryPrimitives.ReadUInt16LittleEndian(entry[24..]);
        int year = 1980 + (date >> 9);
        int month = date >> 5 & 15;
        int day = date & 31;
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || time >> 11 > 23 || (time >> 5 & 63) > 59 || (time & 31) > 29)
        {
            return null;
        }

        var local = new DateTime(year, month, day, time >> 11, time >> 5 & 63, (time & 31) * 2, DateTimeKind.Local);
        return new DateTimeOffset(local).ToUnixTimeSeconds();
    }
}
