using System.Collections.Generic;

namespace Sosia.Images.Fat;

/// <summary>A file or folder as the guest has it in its file system.</summary>
internal sealed class FatEntry
{
    public required string Name { get; init; }

    public FatEntry? Parent { get; init; }

    /// <summary>What a folder holds; null for a file.</summary>
    public List<FatEntry>? Children { get; init; }

    public bool IsFolder => Children is not null;

    /// <summary>A file's length in bytes.</summary>
    public uint ByteCount { get; init; }

    /// <summary>The first cluster; 0 for an empty file and for FAT16's root folder.</summary>
    public uint FirstCluster { get; init; }

    /// <summary>All clusters, in order.</summary>
    public uint[] Clusters { get; init; } = [];

    /// <summary>When it was last changed, in seconds since 1970, taking the guest's clock for the host's local time; null when the entry does not say.</summary>
    public long? ModifiedSeconds { get; init; }

    /// <summary>The host's file or folder that it is; null for one that is new.</summary>
    public FatNode? Node { get; set; }

    /// <summary>The path within the disk, for messages.</summary>
    public string Path => Parent?.Parent is null ? Name : Parent.Path + "/" + Name;
}
