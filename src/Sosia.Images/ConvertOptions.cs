using System;
using System.Threading;

namespace Sosia.Images;

/// <summary>How an image is copied into another one.</summary>
public sealed record ConvertOptions
{
    /// <summary>What the new image is to be like; its size is the source's.</summary>
    public required ImageCreateOptions Target { get; init; }

    /// <summary>True to compress the clusters (qcow2).</summary>
    public bool Compress { get; init; }

    /// <summary>True to replace an existing file that nobody uses.</summary>
    public bool Replace { get; init; }

    /// <summary>Is told how many bytes of the disk are done.</summary>
    public Action<ulong>? Progress { get; init; }

    /// <summary>Ends the copying; nothing is left of the new image then.</summary>
    public CancellationToken Cancellation { get; init; }
}
