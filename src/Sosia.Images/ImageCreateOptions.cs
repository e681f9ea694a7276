namespace Sosia.Images;

/// <summary>What a new image is to be like.</summary>
public sealed record ImageCreateOptions
{
    /// <summary>The format.</summary>
    public required ImageFormat Format { get; init; }

    /// <summary>The disk's size in bytes, a multiple of 512; 0 to take the backing file's.</summary>
    public ulong ByteCount { get; init; }

    /// <summary>The unit of allocation in bytes; 0 for the format's usual one.</summary>
    public ulong ClusterByteCount { get; init; }

    /// <summary>The image that shows through, as it is to be recorded: relative to the new image's folder; null for none (qcow2).</summary>
    public string? BackingFile { get; init; }

    /// <summary>The format of <see cref="BackingFile"/>; null to recognize it now.</summary>
    public ImageFormat? BackingFormat { get; init; }

    /// <summary>What is allocated at once.</summary>
    public Preallocation Preallocation { get; init; }

    /// <summary>True to leave the counts in the file behind while it is in use (qcow2).</summary>
    public bool HasLazyRefcounts { get; init; }

    /// <summary>The format's version: 2 or 3 (qcow2); 0 for the newest.</summary>
    public int Version { get; init; }

    /// <summary>True for Zstandard instead of deflate where clusters are compressed (qcow2).</summary>
    public bool UsesZstd { get; init; }

    /// <summary>The format's variant, such as "fixed", "dynamic" or "monolithicFlat"; null for the usual one.</summary>
    public string? Subformat { get; init; }
}
