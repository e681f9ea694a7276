using System;
using System.Collections.Generic;
using Sosia.Host.Linux.Files;
using Sosia.Images;

namespace Sosia.Devices.Tests.Block;

/// <summary>A disk in memory that counts, records and fails on demand.</summary>
internal sealed class MemoryBackend(int byteCount, bool isReadOnly = false) : IBlockBackend
{
    public byte[] Bytes { get; } = new byte[byteCount];

    public byte[] Part(int byteOffset, int byteCount) => Bytes.AsSpan(byteOffset, byteCount).ToArray();

    public List<string> Log { get; } = [];

    /// <summary>The answer to every change and flush from now on.</summary>
    public BlockResult NextResult { get; set; }

    public bool IsDisposed { get; private set; }

    public ulong ByteCount => (ulong)Bytes.Length;

    public bool IsReadOnly => isReadOnly;

    public int LogicalBlockByteCount => 512;

    public int PhysicalBlockByteCount => 4096;

    public bool IsSilent { get; set; }

    public bool TakesSegments { get; set; }

    public BlockResult ReadSegments(ulong byteOffset, ReadOnlySpan<HostSegment> destination)
    {
        Note($"read in {destination.Length}", byteOffset, HostSegment.CountBytes(destination));
        int at = (int)byteOffset;
        foreach (HostSegment segment in destination)
        {
            Bytes.AsSpan(at, segment.ByteCount).CopyTo(segment.Span);
            at += segment.ByteCount;
        }

        return NextResult;
    }

    public BlockResult WriteSegments(ulong byteOffset, ReadOnlySpan<HostSegment> source)
    {
        Note($"write in {source.Length}", byteOffset, HostSegment.CountBytes(source));
        int at = (int)byteOffset;
        foreach (HostSegment segment in source)
        {
            segment.Span.CopyTo(Bytes.AsSpan(at));
            at += segment.ByteCount;
        }

        return NextResult;
    }

    public BlockResult Read(ulong byteOffset, Span<byte> destination)
    {
        Note("read", byteOffset, (ulong)destination.Length);
        Bytes.AsSpan((int)byteOffset, destination.Length).CopyTo(destination);
        return NextResult;
    }

    public BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        Note("write", byteOffset, (ulong)source.Length);
        source.CopyTo(Bytes.AsSpan((int)byteOffset));
        return NextResult;
    }

    public BlockResult Flush()
    {
        Note("flush", 0, 0);
        return NextResult;
    }

    public BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        Note("discard", byteOffset, byteCount);
        return NextResult;
    }

    public BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        Note(mayUnmap ? "unmap" : "zero", byteOffset, byteCount);
        Bytes.AsSpan((int)byteOffset, (int)byteCount).Clear();
        return NextResult;
    }

    public void Dispose() => IsDisposed = true;

    private void Note(string what, ulong byteOffset, ulong byteCount)
    {
        if (!IsSilent)
        {
            Log.Add($"{what} {byteOffset}+{byteCount}");
        }
    }
}
