using System;

namespace Sosia.Images.Mapping;

/// <summary>A disk that is one piece of a file: fixed VHD and flat VMDK.</summary>
/// <param name="file">The file that holds the data.</param>
/// <param name="path">The path that the user named: of the data, or of what describes them.</param>
/// <param name="format">The format.</param>
/// <param name="start">Where the disk begins in the file.</param>
/// <param name="byteCount">The disk's size.</param>
/// <param name="subformat">The variant's name.</param>
internal sealed class FlatImage(ImageFile file, string path, ImageFormat format, ulong start, ulong byteCount, string subformat) : DiskImage
{
    public override string Path => path;

    public override ImageFormat Format => format;

    public override ulong ByteCount => byteCount;

    public override bool IsReadOnly => file.IsReadOnly;

    public override BlockResult Read(ulong byteOffset, Span<byte> destination)
        => Contains(byteOffset, (ulong)destination.Length) ? file.ReadAll(start + byteOffset, destination) : BlockResult.OutOfRange;

    public override BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
        => CheckChange(byteOffset, (ulong)source.Length) is var allowed && allowed != BlockResult.Ok ? allowed : file.Write(start + byteOffset, source);

    public override BlockResult Flush() => file.Flush();

    public override BlockResult Discard(ulong byteOffset, ulong byteCount)
        => CheckChange(byteOffset, byteCount) is var allowed && allowed != BlockResult.Ok ? allowed : file.Punch(start + byteOffset, byteCount, out _);

    public override BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
        => CheckChange(byteOffset, byteCount) is var allowed && allowed != BlockResult.Ok ? allowed : file.WriteZeroes(start + byteOffset, byteCount, mayUnmap);

    public override BlockResult Locate(ulong byteOffset, ulong maxByteCount, out ImageExtent extent)
    {
        extent = file.Locate(start + byteOffset, maxByteCount);
        return BlockResult.Ok;
    }

    public override ImageInfo Describe() => new() { Format = DiskImages.NameOf(format), VirtualByteCount = ByteCount, Details = [new("subformat", subformat)] };

    public override ImageCheck Check(bool repair)
    {
        var check = new ImageCheck();
        if (file.ByteCount < start + ByteCount)
        {
            check.AddCorruption("The file is shorter than the disk.");
        }

        return check;
    }

    public override void Resize(ulong newByteCount)
        => throw ImageErrors.CannotResize(path, DiskImages.NameOf(format), $"resizing the variant '{subformat}' is not implemented");

    protected override void Dispose(bool disposing) => file.Dispose();

    private BlockResult CheckChange(ulong byteOffset, ulong count)
        => IsReadOnly ? BlockResult.ReadOnly : Contains(byteOffset, count) ? BlockResult.Ok : BlockResult.OutOfRange;
}
