using System.Collections.Generic;

namespace Sosia.Images;

/// <summary>What is to be known about an image without reading its data.</summary>
public sealed class ImageInfo
{
    /// <summary>The format's name, with its variant where it has several: "qcow2", "vmdk".</summary>
    public required string Format { get; init; }

    /// <summary>The disk's size in bytes.</summary>
    public required ulong VirtualByteCount { get; init; }

    /// <summary>The unit of allocation in bytes, or 0.</summary>
    public ulong ClusterByteCount { get; init; }

    /// <summary>The file whose contents show through where this image has none, as it is recorded; null without one.</summary>
    public string? BackingFile { get; init; }

    /// <summary>The recorded format of <see cref="BackingFile"/>; null when none is recorded.</summary>
    public string? BackingFormat { get; init; }

    /// <summary>Properties that only this format has, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Details { get; init; } = [];
}
