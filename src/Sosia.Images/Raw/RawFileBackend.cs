using System;
using Sosia.Core;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Raw;

/// <summary>A disk whose bytes are those of a file or block device of the host.</summary>
public sealed class RawFileBackend : DiskImage, IBlockBackend
{
    private const int SectorByteCount = 512;

    private readonly ImageFile _file;
    private readonly bool _isGuessed;
    private ulong _byteCount;

    private RawFileBackend(ImageFile file, bool isGuessed)
    {
        _file = file;
        _isGuessed = isGuessed;
        _byteCount = file.ByteCount;
    }

    /// <inheritdoc/>
    public override string Path => _file.Path;

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Raw;

    /// <inheritdoc/>
    public override ulong ByteCount => _byteCount;

    /// <inheritdoc/>
    public override bool IsReadOnly => _file.IsReadOnly;

    /// <inheritdoc/>
    public bool TakesSegments => true;

    /// <summary>Opens and locks a disk image: for writing against every other user, for reading against writers.</summary>
    /// <param name="path">The file or block device.</param>
    /// <param name="readOnly">True to open it for reading only.</param>
    /// <exception cref="SosiaException">It cannot be opened, is in use, or is no disk image; the message says which.</exception>
    public static RawFileBackend Open(string path, bool readOnly) => Open(ImageFile.Open(path, readOnly), isGuessed: false);

    /// <summary>Takes a file that is open.</summary>
    /// <param name="file">The file; is disposed when there is an error.</param>
    /// <param name="isGuessed">True when nobody said that it is raw: then it must not become the image of another format by what is written to its first sector.</param>
    /// <exception cref="SosiaException">It is no disk image; the message says why.</exception>
    internal static RawFileBackend Open(ImageFile file, bool isGuessed)
    {
        if (file.ByteCount == 0)
        {
            file.Dispose();
            throw new SosiaException($"The disk image '{file.Path}' is empty; give it a size, for example with: truncate -s 1G '{file.Path}'.");
        }

        if (file.ByteCount % SectorByteCount != 0)
        {
            file.Dispose();
            throw new SosiaException($"The disk image '{file.Path}' has {file.ByteCount} bytes, which is not a multiple of {SectorByteCount}; extend it, for example with: truncate -s %{SectorByteCount} '{file.Path}'.");
        }

        return new RawFileBackend(file, isGuessed);
    }

    /// <inheritdoc/>
    public override BlockResult Read(ulong byteOffset, Span<byte> destination)
        => Contains(byteOffset, (ulong)destination.Length) ? _file.ReadAll(byteOffset, destination) : BlockResult.OutOfRange;

    /// <inheritdoc/>
    public override BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        BlockResult allowed = CheckChange(byteOffset, (ulong)source.Length);
        if (allowed == BlockResult.Ok && _isGuessed && byteOffset < SectorByteCount && WouldBecomeAnotherFormat(byteOffset, source))
        {
            return BlockResult.ReadOnly;
        }

        return allowed != BlockResult.Ok ? allowed : _file.Write(byteOffset, source);
    }

    /// <inheritdoc/>
    public BlockResult ReadSegments(ulong byteOffset, ReadOnlySpan<HostSegment> destination)
        => Contains(byteOffset, HostSegment.CountBytes(destination)) ? _file.ReadAll(byteOffset, destination) : BlockResult.OutOfRange;

    /// <inheritdoc/>
    public BlockResult WriteSegments(ulong byteOffset, ReadOnlySpan<HostSegment> source)
    {
        BlockResult allowed = CheckChange(byteOffset, HostSegment.CountBytes(source));
        if (allowed == BlockResult.Ok && _isGuessed && byteOffset < SectorByteCount)
        {
            // Each run is looked at by itself.
            for (int i = 0; i < source.Length && allowed == BlockResult.Ok; i++)
            {
                allowed = Write(byteOffset, source[i].Span);
                byteOffset += (ulong)source[i].ByteCount;
            }

            return allowed;
        }

        return allowed != BlockResult.Ok ? allowed : _file.Write(byteOffset, source);
    }

    /// <inheritdoc/>
    public override BlockResult Flush() => _file.Flush();

    /// <inheritdoc/>
    public override BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        BlockResult allowed = CheckChange(byteOffset, byteCount);
        return allowed != BlockResult.Ok ? allowed : _file.Punch(byteOffset, byteCount, out _);
    }

    /// <inheritdoc/>
    public override BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        BlockResult allowed = CheckChange(byteOffset, byteCount);
        return allowed != BlockResult.Ok ? allowed : _file.WriteZeroes(byteOffset, byteCount, mayUnmap);
    }

    /// <inheritdoc/>
    public override BlockResult Locate(ulong byteOffset, ulong maxByteCount, out ImageExtent extent)
    {
        extent = _file.Locate(byteOffset, maxByteCount);
        return BlockResult.Ok;
    }

    /// <inheritdoc/>
    public override ImageInfo Describe() => new() { Format = "raw", VirtualByteCount = _byteCount };

    /// <inheritdoc/>
    public override ImageCheck Check(bool repair) => new();

    /// <inheritdoc/>
    public override void Resize(ulong byteCount)
    {
        if (_file.IsBlockDevice)
        {
            throw new SosiaException($"The disk image '{Path}' is a block device of the host, whose size is not the image's to change.");
        }

        ImageErrors.ThrowIfFailed(Path, "resized", IsReadOnly ? BlockResult.ReadOnly : _file.SetByteCount(byteCount));
        _byteCount = byteCount;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _file.Dispose();

    private bool WouldBecomeAnotherFormat(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        Span<byte> sector = stackalloc byte[SectorByteCount];
        if (_file.Read(0, sector) != BlockResult.Ok)
        {
            return true;
        }

        source[..(int)Math.Min((ulong)source.Length, SectorByteCount - byteOffset)].CopyTo(sector[(int)byteOffset..]);
        return ImageProbe.Recognize(sector) is not null;
    }

    private BlockResult CheckChange(ulong byteOffset, ulong byteCount)
        => IsReadOnly ? BlockResult.ReadOnly : Contains(byteOffset, byteCount) ? BlockResult.Ok : BlockResult.OutOfRange;
}
