using System;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Mapping;

/// <summary>
/// A disk whose pieces are somewhere in a file, or not there at all. A format says where a piece is and how a new one gets a place;
/// here is what all of them have in common. Nothing is allocated per operation.
/// </summary>
internal abstract class MappedImage(ImageFile file) : DiskImage, IBlockBackend
{
    // Segments that go to the host by one call.
    private const int MaxSegments = 64;

    // How much of what gets a new place is brought together for it.
    private const int GatherByteCount = 256 * 1024;

    private static readonly byte[] Zeroes = new byte[64 * 1024];

    private DiskImage? _parent;
    private byte[] _gathered = [];

    public override string Path => File.Path;

    public override bool IsReadOnly => File.IsReadOnly;

    public bool TakesSegments => true;

    /// <summary>The file of the image.</summary>
    protected ImageFile File { get; } = file;

    /// <summary>The image below, which this one owns; null without one.</summary>
    protected DiskImage? Parent
    {
        get => _parent;
        set => _parent = value;
    }

    public override BlockResult Read(ulong byteOffset, Span<byte> destination)
    {
        if (!Contains(byteOffset, (ulong)destination.Length))
        {
            return BlockResult.OutOfRange;
        }

        while (!destination.IsEmpty)
        {
            BlockResult result = Map(byteOffset, (ulong)destination.Length, out MappedExtent extent);
            if (result != BlockResult.Ok)
            {
                return result;
            }

            int chunk = (int)extent.ByteCount;
            result = ReadExtent(extent, byteOffset, destination[..chunk]);
            if (result != BlockResult.Ok)
            {
                return result;
            }

            destination = destination[chunk..];
            byteOffset += (ulong)chunk;
        }

        return BlockResult.Ok;
    }

    public override BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        BlockResult result = CheckChange(byteOffset, (ulong)source.Length);
        while (result == BlockResult.Ok && !source.IsEmpty)
        {
            result = Map(byteOffset, (ulong)source.Length, out MappedExtent extent);
            if (result != BlockResult.Ok)
            {
                break;
            }

            int chunk = (int)extent.ByteCount;
            result = extent.Kind == ExtentKind.Data
                ? File.Write(extent.FileOffset, source[..chunk])
                : WriteNew(byteOffset, source[..chunk], extent.Kind, out chunk);
            source = source[chunk..];
            byteOffset += (ulong)chunk;
        }

        return result;
    }

    public BlockResult ReadSegments(ulong byteOffset, ReadOnlySpan<HostSegment> destination)
    {
        var rest = new SegmentCursor(destination);
        BlockResult result = Contains(byteOffset, rest.ByteCount) ? BlockResult.Ok : BlockResult.OutOfRange;
        Span<HostSegment> segments = stackalloc HostSegment[MaxSegments];
        while (result == BlockResult.Ok && rest.ByteCount > 0)
        {
            result = Map(byteOffset, rest.ByteCount, out MappedExtent extent);
            if (result != BlockResult.Ok)
            {
                break;
            }

            if (extent.Kind is ExtentKind.Data or ExtentKind.SharedData)
            {
                int count = rest.Take(extent.ByteCount, segments, out ulong taken);
                result = File.Read(extent.FileOffset, segments[..count]);
                byteOffset += taken;
            }
            else
            {
                Span<byte> piece = rest.TakeOne(extent.ByteCount);
                result = ReadExtent(extent, byteOffset, piece);
                byteOffset += (ulong)piece.Length;
            }
        }

        return result;
    }

    public BlockResult WriteSegments(ulong byteOffset, ReadOnlySpan<HostSegment> source)
    {
        var rest = new SegmentCursor(source);
        BlockResult result = CheckChange(byteOffset, rest.ByteCount);
        Span<HostSegment> segments = stackalloc HostSegment[MaxSegments];
        while (result == BlockResult.Ok && rest.ByteCount > 0)
        {
            result = Map(byteOffset, rest.ByteCount, out MappedExtent extent);
            if (result != BlockResult.Ok)
            {
                break;
            }

            if (extent.Kind == ExtentKind.Data)
            {
                int count = rest.Take(extent.ByteCount, segments, out ulong taken);
                result = File.Write(extent.FileOffset, segments[..count]);
                byteOffset += taken;
            }
            else
            {
                result = WriteNew(byteOffset, Gather(rest, extent.ByteCount), extent.Kind, out int written);
                rest.Skip(written);
                byteOffset += (ulong)written;
            }
        }

        return result;
    }

    public override BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        BlockResult result = CheckChange(byteOffset, byteCount);
        while (result == BlockResult.Ok && byteCount > 0)
        {
            ulong done = ZeroWholePieces(byteOffset, byteCount, mayUnmap, out result);
            if (result == BlockResult.Ok && done == 0)
            {
                result = ZeroPart(byteOffset, byteCount, out done);
            }

            byteOffset += done;
            byteCount -= done;
        }

        return result;
    }

    public override BlockResult Locate(ulong byteOffset, ulong maxByteCount, out ImageExtent extent)
    {
        BlockResult result = Map(byteOffset, maxByteCount, out MappedExtent mapped);
        extent = new ImageExtent(Math.Max(1, mapped.ByteCount), mapped.Kind == ExtentKind.Zero);
        if (result != BlockResult.Ok || mapped.Kind != ExtentKind.Absent)
        {
            return result;
        }

        if (Parent is null || byteOffset >= Parent.ByteCount)
        {
            extent = new ImageExtent(mapped.ByteCount, true);
            return BlockResult.Ok;
        }

        return Parent.Locate(byteOffset, Math.Min(mapped.ByteCount, Parent.ByteCount - byteOffset), out extent);
    }

    /// <summary>Finds what there is for a piece of the disk.</summary>
    /// <param name="byteOffset">Where on the disk; within it.</param>
    /// <param name="maxByteCount">The longest piece of interest.</param>
    /// <param name="extent">The piece of one kind that begins there, not longer than asked for.</param>
    protected abstract BlockResult Map(ulong byteOffset, ulong maxByteCount, out MappedExtent extent);

    /// <summary>Writes where there is no place yet that may be overwritten.</summary>
    /// <param name="byteOffset">Where on the disk.</param>
    /// <param name="source">The bytes, all within one piece of <paramref name="kind"/>.</param>
    /// <param name="kind">What is there now.</param>
    /// <param name="written">How many bytes were written, from the first on; at least one when the result is Ok.</param>
    protected abstract BlockResult WriteNew(ulong byteOffset, ReadOnlySpan<byte> source, ExtentKind kind, out int written);

    /// <summary>Makes a range read as zeros as far as that needs no data to be written.</summary>
    /// <returns>How many bytes from the first on were handled; 0 to have zeros written there.</returns>
    protected abstract ulong ZeroWholePieces(ulong byteOffset, ulong byteCount, bool mayUnmap, out BlockResult result);

    /// <summary>Reads a piece of <see cref="ExtentKind.Encoded"/>.</summary>
    protected virtual BlockResult ReadEncoded(ulong byteOffset, Span<byte> destination) => BlockResult.Corrupt;

    /// <summary>Reads what shows through; zeros beyond the end of the image below.</summary>
    protected BlockResult ReadParent(ulong byteOffset, Span<byte> destination)
    {
        int below = Parent is null || byteOffset >= Parent.ByteCount ? 0 : (int)Math.Min((ulong)destination.Length, Parent.ByteCount - byteOffset);
        destination[below..].Clear();
        return below == 0 ? BlockResult.Ok : Parent!.Read(byteOffset, destination[..below]);
    }

    /// <summary>True when a range that is absent here reads as zeros because nothing is below it.</summary>
    protected bool HasNothingBelow(ulong byteOffset) => Parent is null || byteOffset >= Parent.ByteCount;

    /// <summary>Refuses changes of read-only images and outside the disk.</summary>
    protected virtual BlockResult CheckChange(ulong byteOffset, ulong byteCount)
        => IsReadOnly ? BlockResult.ReadOnly : Contains(byteOffset, byteCount) ? BlockResult.Ok : BlockResult.OutOfRange;

    protected override void Dispose(bool disposing)
    {
        File.Dispose();
        Parent?.Dispose();
    }

    private BlockResult ReadExtent(in MappedExtent extent, ulong byteOffset, Span<byte> destination)
    {
        switch (extent.Kind)
        {
            case ExtentKind.Data or ExtentKind.SharedData:
                return File.Read(extent.FileOffset, destination);
            case ExtentKind.Absent:
                return ReadParent(byteOffset, destination);
            case ExtentKind.Encoded:
                return ReadEncoded(byteOffset, destination);
            default:
                destination.Clear();
                return BlockResult.Ok;
        }
    }

    private ReadOnlySpan<byte> Gather(in SegmentCursor source, ulong maxByteCount)
    {
        if (_gathered.Length == 0)
        {
            _gathered = GC.AllocateUninitializedArray<byte>(GatherByteCount, pinned: true);
        }

        Span<byte> gathered = _gathered.AsSpan(0, (int)Math.Min(maxByteCount, GatherByteCount));
        source.CopyTo(gathered);
        return gathered;
    }

    // Zeros that are written; what reads as zeros already stays as it is.
    private BlockResult ZeroPart(ulong byteOffset, ulong byteCount, out ulong done)
    {
        BlockResult result = Map(byteOffset, Math.Min(byteCount, (ulong)Zeroes.Length), out MappedExtent extent);
        done = extent.ByteCount;
        bool isZero = extent.Kind == ExtentKind.Zero || (extent.Kind == ExtentKind.Absent && HasNothingBelow(byteOffset));
        return result != BlockResult.Ok || isZero ? result : Write(byteOffset, Zeroes.AsSpan(0, (int)done));
    }
}
