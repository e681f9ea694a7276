using System;
using System.Collections.Generic;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Fat;

/// <summary>A file or folder of the host, and where it is on the FAT disk.</summary>
internal sealed class FatNode
{
    public required string Name { get; set; }

    /// <summary>The path on the host.</summary>
    public string Path => Parent is null ? Name : System.IO.Path.Combine(Parent.Path, Name);

    public required DateTime Modified { get; init; }

    public bool IsFolder => Children is not null;

    /// <summary>What a folder holds, in order; null for a file.</summary>
    public List<FatNode>? Children { get; init; }

    /// <summary>The folder that it is in; null for the root, whose name is the whole path.</summary>
    public FatNode? Parent { get; set; }

    /// <summary>What makes the host's file this one, in this state: another that takes its name later is not shown, and one that has changed is not overwritten.</summary>
    public HostFileStatus Status { get; set; }

    /// <summary>The length on the disk as it was made: of a file's data, or of a folder's entries.</summary>
    public uint ByteCount { get; set; }

    /// <summary>The entries of a folder, as they are on the disk.</summary>
    public byte[]? Entries { get; set; }

    /// <summary>The first cluster on the disk as it was made; 0 for an empty file and for FAT16's root folder.</summary>
    public uint FirstCluster { get; set; }

    public uint ClusterCount { get; set; }

    /// <summary>The clusters of a file that the guest has written; null while they are the <see cref="ClusterCount"/> from <see cref="FirstCluster"/> on.</summary>
    public uint[]? Clusters { get; init; }

    /// <summary>Where the guest has a folder that it has made anew; null while that is <see cref="FirstCluster"/>.</summary>
    public uint? MovedTo { get; set; }

    /// <summary>True when the file on the host is gone, and the guest has no use for its clusters.</summary>
    public bool IsGone { get; set; }

    /// <summary>The host's file as it was when the machine started, after it was removed or another one has taken its place; null before.</summary>
    public HostFile? Original { get; set; }
}
