using System;
using Sosia.Host.Linux.Files;

namespace Sosia.Images;

/// <summary>
/// The contents of a disk. Ranges are bytes; callers keep within <see cref="ByteCount"/> and to whole logical blocks. Errors are
/// values. A backend is used by one disk device, one operation at a time.
/// </summary>
public interface IBlockBackend : IDisposable
{
    /// <summary>The disk's size in bytes; a multiple of <see cref="LogicalBlockByteCount"/>, constant while the machine lives.</summary>
    ulong ByteCount { get; }

    /// <summary>True when nothing may be written.</summary>
    bool IsReadOnly { get; }

    /// <summary>The smallest addressable unit in bytes: 512 or 4096.</summary>
    int LogicalBlockByteCount { get; }

    /// <summary>The unit in bytes that the storage likes best; a power of two.</summary>
    int PhysicalBlockByteCount { get; }

    /// <summary>What the last operation that failed came up against, as a sentence for a person; null when its result says it all.</summary>
    string? FailureText => null;

    /// <summary>False when another opening of the same name need not give the same disk, so that no saved machine can go on with it.</summary>
    bool IsReproducible => true;

    /// <summary>Reads.</summary>
    BlockResult Read(ulong byteOffset, Span<byte> destination);

    /// <summary>Writes. The data may stay in the host's caches until <see cref="Flush"/>.</summary>
    BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source);

    /// <summary>True when several runs of memory cost no more calls of the host than one.</summary>
    bool TakesSegments => false;

    /// <summary>Reads into runs of memory, one after the other.</summary>
    BlockResult ReadSegments(ulong byteOffset, ReadOnlySpan<HostSegment> destination)
    {
        BlockResult result = BlockResult.Ok;
        for (int i = 0; i < destination.Length && result == BlockResult.Ok; i++)
        {
            result = Read(byteOffset, destination[i].Span);
            byteOffset += (ulong)destination[i].ByteCount;
        }

        return result;
    }

    /// <summary>Writes runs of memory, one after the other.</summary>
    BlockResult WriteSegments(ulong byteOffset, ReadOnlySpan<HostSegment> source)
    {
        BlockResult result = BlockResult.Ok;
        for (int i = 0; i < source.Length && result == BlockResult.Ok; i++)
        {
            result = Write(byteOffset, source[i].Span);
            byteOffset += (ulong)source[i].ByteCount;
        }

        return result;
    }

    /// <summary>Returns when everything written before is durable.</summary>
    BlockResult Flush();

    /// <summary>The last flush, before the disk is closed.</summary>
    BlockResult FlushLast() => Flush();

    /// <summary>The contents of a range no longer matter; its space may return to the host. A hint: never fails for lack of support.</summary>
    BlockResult Discard(ulong byteOffset, ulong byteCount);

    /// <summary>Makes a range read as zeros.</summary>
    /// <param name="byteOffset">First byte.</param>
    /// <param name="byteCount">How many.</param>
    /// <param name="mayUnmap">True when the space may return to the host.</param>
    BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap);
}
