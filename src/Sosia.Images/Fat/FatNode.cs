using System;
using System.Collections.Generic;

namespace Sosia.Images.Fat;

/// <summary>A file or folder as it appears on the FAT disk.</summary>
internal sealed class FatNode
{
    public required string Name { get; init; }

    /// <summary>The path on the host.</summary>
    public required string Path { get; init; }

    public required DateTime Modified { get; init; }

    public bool IsFolder => Children is not null;

    /// <summary>What a folder holds, in order; null for a file.</summary>
    public List<FatNode>? Children { get; init; }

    public FatNode? Parent { get; init; }

    /// <summary>What makes the host's file this one: another that takes its name later is not shown.</summary>
    public (ulong Device, ulong Inode) Identity { get; init; }

    /// <summary>The length: of a file's data, or of a folder's entries once they are made.</summary>
    public uint ByteCount { get; set; }

    /// <summary>The entries of a folder, as they are on the disk.</summary>
    public byte[]? Entries { get; set; }

    /// <summary>The first cluster; 0 for an empty file and for FAT16's root folder.</summary>
    public uint FirstCluster { get; set; }

    public uint ClusterCount { get; set; }
}
