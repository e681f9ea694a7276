using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using Sosia.Core;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Fat;

/// <summary>
/// A folder of the host as a disk with a FAT file system, for reading; <see cref="FatFolderDisk"/> is for writing. What is in the folder is looked at once, when it is opened; files are read when the guest
/// reads them. Symbolic links are never followed, and a file that was replaced since reads as an error.
/// </summary>
internal sealed class FatFolderImage : DiskImage
{
    private const uint EndOfChain32 = 0x0fff_fff8;
    private const ushort EndOfChain16 = 0xfff8;

    private readonly string _folder;
    private readonly FatLayout _layout;
    private readonly FatNode _root;
    private readonly byte[] _partitionTable;
    private readonly byte[] _bootSector;
    private readonly byte[] _informationSector;

    // What has clusters, in the order of its clusters, which are contiguous.
    private readonly FatNode[] _nodes;
    private readonly uint[] _firstClusters;
    private readonly uint _nextFree;
    private readonly byte[] _sector = new byte[FatLayout.SectorByteCount];
    private HostFile? _openFile;
    private FatNode? _openNode;

    private FatFolderImage(string folder, FatLayout layout, FatNode root, List<FatNode> nodes, uint nextFree)
    {
        _folder = folder;
        _layout = layout;
        _root = root;
        _nodes = [.. nodes];
        _firstClusters = Array.ConvertAll(_nodes, static n => n.FirstCluster);
        _nextFree = nextFree;
        _partitionTable = layout.MakePartitionTable();
        _bootSector = layout.MakeBootSector();
        _informationSector = layout.MakeInformationSector(layout.ClusterCount - (nextFree - FatLayout.FirstDataCluster), nextFree);
    }

    public override string Path => _folder;

    public override ImageFormat Format => ImageFormat.Fat;

    public override ulong ByteCount => _layout.SectorCount * FatLayout.SectorByteCount;

    public override bool IsReadOnly => true;

    /// <summary>Where everything is on the disk.</summary>
    public FatLayout Layout => _layout;

    /// <summary>The folder.</summary>
    public FatNode Root => _root;

    /// <summary>Shows a folder.</summary>
    /// <exception cref="SosiaException">It cannot be read or does not fit a FAT file system.</exception>
    public static FatFolderImage Open(string folder)
    {
        List<FatNode> all = [];
        FatScanner.Scan(folder, all);
        return Make(all, 0);
    }

    /// <summary>Shows a folder that was read.</summary>
    /// <param name="all">All nodes, parents before their children, the root first.</param>
    /// <param name="freeByteCount">How much room there shall be for new files, at least.</param>
    /// <exception cref="SosiaException">It does not fit a FAT file system.</exception>
    public static FatFolderImage Make(List<FatNode> all, ulong freeByteCount)
    {
        FatNode root = all[0];
        ulong CountClusters(int clusterByteCount, bool withRoot)
        {
            ulong count = 0;
            foreach (FatNode node in all)
            {
                ulong byteCount = !node.IsFolder ? node.ByteCount : node == root && !withRoot ? 0 : (ulong)FatDirectory.CountBytes(node);
                count += (byteCount + (ulong)clusterByteCount - 1) / (ulong)clusterByteCount;
            }

            return count;
        }

        FatLayout layout = FatLayout.Choose(CountClusters, FatDirectory.CountBytes(root), freeByteCount)
            ?? throw new SosiaException($"The folder '{root.Path}' holds more than a FAT file system can; choose a smaller one.");
        List<FatNode> placed = [];
        uint next = FatLayout.FirstDataCluster;
        foreach (FatNode node in all)
        {
            if (node.IsFolder)
            {
                node.ByteCount = (uint)FatDirectory.CountBytes(node);
            }

            bool hasClusters = node.ByteCount > 0 && (node != root || layout.IsFat32);
            node.ClusterCount = hasClusters ? (uint)(((ulong)node.ByteCount + (ulong)layout.ClusterByteCount - 1) / (ulong)layout.ClusterByteCount) : 0;
            node.FirstCluster = hasClusters ? next : 0;
            next += node.ClusterCount;
            if (hasClusters)
            {
                placed.Add(node);
            }
        }

        foreach (FatNode node in all)
        {
            node.Entries = node.IsFolder ? FatDirectory.Make(node) : null;
        }

        return new FatFolderImage(root.Path, layout, root, placed, next);
    }

    public override BlockResult Read(ulong byteOffset, Span<byte> destination)
    {
        BlockResult result = Contains(byteOffset, (ulong)destination.Length) ? BlockResult.Ok : BlockResult.OutOfRange;
        ulong dataStart = (ulong)_layout.DataSector * FatLayout.SectorByteCount;
        while (result == BlockResult.Ok && !destination.IsEmpty)
        {
            int chunk;
            if (byteOffset >= dataStart)
            {
                ulong inCluster = (byteOffset - dataStart) % (ulong)_layout.ClusterByteCount;
                chunk = (int)Math.Min((ulong)destination.Length, (ulong)_layout.ClusterByteCount - inCluster);
                result = ReadCluster((uint)((byteOffset - dataStart) / (ulong)_layout.ClusterByteCount) + FatLayout.FirstDataCluster, inCluster, destination[..chunk]);
            }
            else
            {
                int inSector = (int)(byteOffset % FatLayout.SectorByteCount);
                chunk = Math.Min(destination.Length, FatLayout.SectorByteCount - inSector);
                MakeSector((uint)(byteOffset / FatLayout.SectorByteCount));
                _sector.AsSpan(inSector, chunk).CopyTo(destination);
            }

            destination = destination[chunk..];
            byteOffset += (ulong)chunk;
        }

        return result;
    }

    public override BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source) => BlockResult.ReadOnly;

    public override BlockResult Flush() => BlockResult.Ok;

    public override BlockResult Discard(ulong byteOffset, ulong byteCount) => BlockResult.ReadOnly;

    public override BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap) => BlockResult.ReadOnly;

    public override BlockResult Locate(ulong byteOffset, ulong maxByteCount, out ImageExtent extent)
    {
        // Behind the last file there is nothing.
        ulong end = (_layout.DataSector + ((ulong)(_nextFree - FatLayout.FirstDataCluster) * _layout.ClusterSectors)) * FatLayout.SectorByteCount;
        extent = byteOffset >= end ? new ImageExtent(maxByteCount, true) : new ImageExtent(Math.Min(maxByteCount, end - byteOffset), false);
        return BlockResult.Ok;
    }

    public override ImageInfo Describe() => new()
    {
        Format = "fat",
        VirtualByteCount = ByteCount,
        ClusterByteCount = (ulong)_layout.ClusterByteCount,
        Details = [new("fileSystem", _layout.IsFat32 ? "FAT32" : "FAT16"), new("files", _nodes.Length.ToString(CultureInfo.InvariantCulture))],
    };

    public override ImageCheck Check(bool repair) => new();

    public override void Resize(ulong byteCount) => throw ImageErrors.CannotResize(Path, "fat", "its size follows from the folder's contents");

    /// <summary>Keeps a file's present contents for the disk, before another one takes its place on the host.</summary>
    /// <returns>False when it is no longer there.</returns>
    public bool Keep(FatNode node) => node.Original is not null || (node.Original = OpenSame(node)) is not null;

    protected override void Dispose(bool disposing)
    {
        _openFile?.Dispose();
        foreach (FatNode node in _nodes)
        {
            node.Original?.Dispose();
        }
    }

    // Everything before the data.
    private void MakeSector(uint sector)
    {
        _sector.AsSpan().Clear();
        if (sector == 0)
        {
            _partitionTable.CopyTo(_sector, 0);
        }
        else if (sector >= _layout.RootSector)
        {
            CopyFrom(_root.Entries!, (sector - _layout.RootSector) * FatLayout.SectorByteCount);
        }
        else if (sector >= _layout.FirstFatSector)
        {
            MakeFatSector((sector - _layout.FirstFatSector) % _layout.FatSectors);
        }
        else if (sector >= FatLayout.PartitionStart)
        {
            uint inPartition = sector - FatLayout.PartitionStart;
            // FAT32 has copies of both sectors, from the seventh on.
            byte[]? source = inPartition is 0 or 6 ? _bootSector : inPartition is 1 or 7 ? _informationSector : null;
            source?.CopyTo(_sector, 0);
        }
    }

    private void MakeFatSector(uint index)
    {
        int width = _layout.IsFat32 ? 4 : 2;
        uint perSector = (uint)(FatLayout.SectorByteCount / width);
        for (uint i = 0; i < perSector; i++)
        {
            uint cluster = (index * perSector) + i;
            uint entry = cluster == 0 ? 0x0fff_fff8 : cluster == 1 ? 0x0fff_ffff : NextOf(cluster);
            Span<byte> place = _sector.AsSpan((int)i * width);
            if (_layout.IsFat32)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(place, entry);
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)entry);
            }
        }
    }

    private uint NextOf(uint cluster)
    {
        FatNode? node = Find(cluster);
        return node is null ? 0
            : cluster + 1 < node.FirstCluster + node.ClusterCount ? cluster + 1
            : _layout.IsFat32 ? EndOfChain32 : EndOfChain16;
    }

    private FatNode? Find(uint cluster)
    {
        if (cluster < FatLayout.FirstDataCluster || cluster >= _nextFree)
        {
            return null;
        }

        int index = Array.BinarySearch(_firstClusters, cluster);
        return _nodes[index < 0 ? ~index - 1 : index];
    }

    private BlockResult ReadCluster(uint cluster, ulong inCluster, Span<byte> destination)
    {
        destination.Clear();
        FatNode? node = Find(cluster);
        if (node is null)
        {
            return BlockResult.Ok;
        }

        ulong position = ((ulong)(cluster - node.FirstCluster) * (ulong)_layout.ClusterByteCount) + inCluster;
        if (position >= node.ByteCount)
        {
            return BlockResult.Ok;
        }

        int length = (int)Math.Min((ulong)destination.Length, node.ByteCount - position);
        if (node.Entries is not null)
        {
            node.Entries.AsSpan((int)position, length).CopyTo(destination);
            return BlockResult.Ok;
        }

        if (node.IsGone)
        {
            return BlockResult.Ok;
        }

        if (node.Original is null && _openNode != node && !OpenFile(node))
        {
            return BlockResult.HostError;
        }

        int error = (node.Original ?? _openFile!).Read(position, destination[..length], out int readByteCount);
        return error != HostError.None ? ImageErrors.Translate(error) : readByteCount == length ? BlockResult.Ok : BlockResult.Truncated;
    }

    private bool OpenFile(FatNode node)
    {
        _openFile?.Dispose();
        _openNode = null;
        _openFile = OpenSame(node);
        _openNode = _openFile is null ? null : node;
        return _openNode is not null;
    }

    private static HostFile? OpenSame(FatNode node)
    {
        HostFile? file = HostFile.TryOpenNoFollow(node.Path, writable: false, out _);
        if (file is not null && file.TryGetIdentity(out (ulong, ulong) identity) == HostError.None && identity == (node.Status.Device, node.Status.Inode))
        {
            return file;
        }

        file?.Dispose();
        return null;
    }

    private void CopyFrom(byte[] source, uint position)
    {
        if (position < source.Length)
        {
            source.AsSpan((int)position, Math.Min(FatLayout.SectorByteCount, source.Length - (int)position)).CopyTo(_sector);
        }
    }
}
