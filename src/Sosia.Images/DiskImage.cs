using System;
using Sosia.Core;

namespace Sosia.Images;

/// <summary>
/// A disk in a file of some format. Errors of reading and writing are values; errors of the operations that a person asks for
/// (check, resize) are exceptions. One operation at a time.
/// </summary>
public abstract class DiskImage : IBlockBackend
{
    /// <summary>The file's path, as it was given.</summary>
    public abstract string Path { get; }

    /// <summary>The file's format.</summary>
    public abstract ImageFormat Format { get; }

    /// <inheritdoc/>
    public abstract ulong ByteCount { get; }

    /// <inheritdoc/>
    public abstract bool IsReadOnly { get; }

    /// <inheritdoc/>
    public virtual int LogicalBlockByteCount => 512;

    /// <inheritdoc/>
    public virtual int PhysicalBlockByteCount => 4096;

    /// <inheritdoc/>
    public virtual string? FailureText => null;

    /// <inheritdoc/>
    public virtual bool IsReproducible => true;

    /// <summary>The snapshots inside the image; null when the format has none.</summary>
    public virtual ISnapshotStore? SnapshotStore => null;

    /// <inheritdoc/>
    public abstract BlockResult Read(ulong byteOffset, Span<byte> destination);

    /// <inheritdoc/>
    public abstract BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source);

    /// <inheritdoc/>
    public abstract BlockResult Flush();

    /// <inheritdoc/>
    public virtual BlockResult FlushLast() => Flush();

    /// <inheritdoc/>
    public abstract BlockResult Discard(ulong byteOffset, ulong byteCount);

    /// <inheritdoc/>
    public abstract BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap);

    /// <summary>Finds out what is known to read as zeros, without reading data.</summary>
    /// <param name="byteOffset">Where to look; within the disk.</param>
    /// <param name="maxByteCount">How far to look; at least 1, within the disk.</param>
    /// <param name="extent">The piece of one kind that begins there; not longer than <paramref name="maxByteCount"/>.</param>
    public abstract BlockResult Locate(ulong byteOffset, ulong maxByteCount, out ImageExtent extent);

    /// <summary>Describes the image.</summary>
    public abstract ImageInfo Describe();

    /// <summary>Examines the image's tables.</summary>
    /// <param name="repair">True to repair what can be repaired without losing data; the image must be writable.</param>
    /// <exception cref="SosiaException">The image cannot be read or written.</exception>
    public abstract ImageCheck Check(bool repair);

    /// <summary>Changes the disk's size. What is new reads as zeros; what is cut off is lost.</summary>
    /// <param name="byteCount">The new size; a multiple of 512.</param>
    /// <exception cref="SosiaException">The format or this image cannot have that size, or the host failed.</exception>
    public abstract void Resize(ulong byteCount);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes what is still in memory, and lets go of the file.</summary>
    /// <param name="disposing">True: called from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);

    /// <summary>True when a range lies within the disk.</summary>
    protected bool Contains(ulong byteOffset, ulong byteCount) => byteCount <= ByteCount && byteOffset <= ByteCount - byteCount;
}
