using System;
using System.Collections.Generic;

namespace Sosia.Images.Mapping;

/// <summary>A disk in several files, one behind the other.</summary>
internal sealed class SplitImage : DiskImage
{
    private readonly ImageFile _descriptor;
    private readonly ImageFormat _format;
    private readonly DiskImage[] _parts;
    private readonly ulong[] _starts;
    private readonly string _subformat;

    /// <summary>Puts a disk together.</summary>
    /// <param name="descriptor">The file that describes it; is disposed with the image, like the parts.</param>
    /// <param name="format">The format.</param>
    /// <param name="parts">The pieces in order; at least one.</param>
    /// <param name="subformat">The variant's name.</param>
    public SplitImage(ImageFile descriptor, ImageFormat format, List<DiskImage> parts, string subformat)
    {
        _descriptor = descriptor;
        _format = format;
        _parts = [.. parts];
        _starts = new ulong[parts.Count];
        _subformat = subformat;
        ulong start = 0;
        for (int i = 0; i < _parts.Length; i++)
        {
            _starts[i] = start;
            start += _parts[i].ByteCount;
        }

        ByteCount = start;
    }

    public override string Path => _descriptor.Path;

    public override ImageFormat Format => _format;

    public override ulong ByteCount { get; }

    public override bool IsReadOnly => _descriptor.IsReadOnly;

    public override BlockResult Read(ulong byteOffset, Span<byte> destination)
    {
        BlockResult result = Contains(byteOffset, (ulong)destination.Length) ? BlockResult.Ok : BlockResult.OutOfRange;
        while (result == BlockResult.Ok && !destination.IsEmpty)
        {
            DiskImage part = Find(byteOffset, (ulong)destination.Length, out ulong inPart, out ulong byteCount);
            result = part.Read(inPart, destination[..(int)byteCount]);
            destination = destination[(int)byteCount..];
            byteOffset += byteCount;
        }

        return result;
    }

    public override BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        BlockResult result = CheckChange(byteOffset, (ulong)source.Length);
        while (result == BlockResult.Ok && !source.IsEmpty)
        {
            DiskImage part = Find(byteOffset, (ulong)source.Length, out ulong inPart, out ulong byteCount);
            result = part.Write(inPart, source[..(int)byteCount]);
            source = source[(int)byteCount..];
            byteOffset += byteCount;
        }

        return result;
    }

    public override BlockResult Flush()
    {
        BlockResult result = BlockResult.Ok;
        foreach (DiskImage part in _parts)
        {
            result = result != BlockResult.Ok ? result : part.Flush();
        }

        return result;
    }

    public override BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        BlockResult result = CheckChange(byteOffset, byteCount);
        while (result == BlockResult.Ok && byteCount > 0)
        {
            DiskImage part = Find(byteOffset, byteCount, out ulong inPart, out ulong length);
            result = part.Discard(inPart, length);
            byteOffset += length;
            byteCount -= length;
        }

        return result;
    }

    public override BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        BlockResult result = CheckChange(byteOffset, byteCount);
        while (result == BlockResult.Ok && byteCount > 0)
        {
            DiskImage part = Find(byteOffset, byteCount, out ulong inPart, out ulong length);
            result = part.WriteZeroes(inPart, length, mayUnmap);
            byteOffset += length;
            byteCount -= length;
        }

        return result;
    }

    public override BlockResult Locate(ulong byteOffset, ulong maxByteCount, out ImageExtent extent)
        => Find(byteOffset, maxByteCount, out ulong inPart, out ulong byteCount).Locate(inPart, byteCount, out extent);

    public override ImageInfo Describe() => new()
    {
        Format = DiskImages.NameOf(_format),
        VirtualByteCount = ByteCount,
        Details = [new("subformat", _subformat), new("files", _parts.Length.ToString(System.Globalization.CultureInfo.InvariantCulture))],
    };

    public override ImageCheck Check(bool repair)
    {
        var all = new ImageCheck();
        foreach (DiskImage part in _parts)
        {
            ImageCheck check = part.Check(repair);
            all.AllocatedCount += check.AllocatedCount;
            all.TotalCount += check.TotalCount;
            for (int i = 0; i < check.CorruptionCount && i < check.Messages.Count; i++)
            {
                all.AddCorruption(check.Messages[i]);
            }
        }

        return all;
    }

    public override void Resize(ulong byteCount)
        => throw ImageErrors.CannotResize(Path, DiskImages.NameOf(_format), $"resizing the variant '{_subformat}' is not implemented");

    protected override void Dispose(bool disposing)
    {
        foreach (DiskImage part in _parts)
        {
            part.Dispose();
        }

        _descriptor.Dispose();
    }

    private DiskImage Find(ulong byteOffset, ulong maxByteCount, out ulong inPart, out ulong byteCount)
    {
        int index = Array.BinarySearch(_starts, byteOffset);
        index = index < 0 ? ~index - 1 : index;
        inPart = byteOffset - _starts[index];
        byteCount = Math.Min(maxByteCount, _parts[index].ByteCount - inPart);
        return _parts[index];
    }

    private BlockResult CheckChange(ulong byteOffset, ulong byteCount)
        => IsReadOnly ? BlockResult.ReadOnly : Contains(byteOffset, byteCount) ? BlockResult.Ok : BlockResult.OutOfRange;
}
