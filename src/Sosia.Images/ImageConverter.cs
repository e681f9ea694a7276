using System;
using System.Buffers;
using Sosia.Core;
using Sosia.Images.Qcow2;

namespace Sosia.Images;

/// <summary>Copies a disk from one image to another of any format, leaving out what reads as zeros.</summary>
public static class ImageConverter
{
    private const int BufferByteCount = 2 << 20;
    private const int ZeroGrainByteCount = 4096;

    /// <summary>Copies a disk. The new image has its name only when it is whole and durable.</summary>
    /// <exception cref="SosiaException">An image cannot be read or written, or an option is impossible.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Convert(DiskImage source, string targetPath, ConvertOptions options)
    {
        ImageCreateOptions create = options.Target with { ByteCount = source.ByteCount };
        if (create.BackingFile is not null)
        {
            throw new SosiaException("A converted image holds the whole disk and has no backing file; leave out -o backing_file.");
        }

        if (options.Compress && create.Format != ImageFormat.Qcow2)
        {
            throw new SosiaException($"Images of the format '{DiskImages.NameOf(create.Format)}' cannot be written compressed; choose qcow2, or leave out --compress.");
        }

        using var pending = new PendingFile(targetPath, options.Replace);
        ImageCreator.CreateNew(pending.TemporaryPath, create, targetPath);
        using (DiskImage target = DiskImages.Open(pending.TemporaryPath, new ImageOpenOptions { Format = create.Format }))
        {
            Copy(source, target, options);
            ImageErrors.ThrowIfFailed(targetPath, "written", target.Flush());
        }

        pending.Commit();
    }

    private static void Copy(DiskImage source, DiskImage target, ConvertOptions options)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferByteCount);
        int unit = options.Compress ? (int)target.Describe().ClusterByteCount : 0;
        ulong position = 0;
        while (position < source.ByteCount)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            ImageErrors.ThrowIfFailed(source.Path, "read", source.Locate(position, source.ByteCount - position, out ImageExtent extent));
            ulong byteCount = Math.Min(extent.ByteCount, BufferByteCount);
            if (unit != 0)
            {
                // Whole clusters: a cluster that begins as a hole may go on as data.
                byteCount = extent.IsZero && extent.ByteCount >= (ulong)unit ? extent.ByteCount / (ulong)unit * (ulong)unit : Math.Min((ulong)BufferByteCount, source.ByteCount - position);
            }
            else if (extent.IsZero)
            {
                byteCount = extent.ByteCount;
            }

            if (!extent.IsZero || (unit != 0 && extent.ByteCount < (ulong)unit))
            {
                Span<byte> piece = buffer.AsSpan(0, (int)byteCount);
                ImageErrors.ThrowIfFailed(source.Path, "read", source.Read(position, piece));
                BlockResult result = unit == 0 ? WriteData(target, position, piece) : WriteCompressed((Qcow2Image)target, position, buffer, (int)byteCount, unit);
                ImageErrors.ThrowIfFailed(target.Path, "written", result);
            }

            position += byteCount;
            options.Progress?.Invoke(position);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    // A new image reads as zeros: only the rest has to be written.
    private static BlockResult WriteData(DiskImage target, ulong position, ReadOnlySpan<byte> data)
    {
        int start = 0;
        while (start < data.Length)
        {
            bool isZero = IsZero(data, start);
            int end = Math.Min(data.Length, start + ZeroGrainByteCount);
            while (end < data.Length && IsZero(data, end) == isZero)
            {
                end = Math.Min(data.Length, end + ZeroGrainByteCount);
            }

            BlockResult result = isZero ? BlockResult.Ok : target.Write(position + (ulong)start, data[start..end]);
            if (result != BlockResult.Ok)
            {
                return result;
            }

            start = end;
        }

        return BlockResult.Ok;
    }

    private static BlockResult WriteCompressed(Qcow2Image target, ulong position, byte[] buffer, int byteCount, int unit)
    {
        // Only at the disk's end, and the buffer is a multiple of the cluster.
        int padded = (byteCount + unit - 1) / unit * unit;
        Array.Clear(buffer, byteCount, padded - byteCount);
        for (int start = 0; start < padded; start += unit)
        {
            ReadOnlySpan<byte> cluster = buffer.AsSpan(start, unit);
            BlockResult result = cluster.ContainsAnyExcept((byte)0) ? target.WriteCompressed(position + (ulong)start, cluster) : BlockResult.Ok;
            if (result != BlockResult.Ok)
            {
                return result;
            }
        }

        return BlockResult.Ok;
    }

    private static bool IsZero(ReadOnlySpan<byte> data, int start)
        => !data[start..Math.Min(data.Length, start + ZeroGrainByteCount)].ContainsAnyExcept((byte)0);
}
