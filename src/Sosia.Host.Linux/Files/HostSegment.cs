using System;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Files;

/// <summary>A run of the process's memory as the host takes it (struct iovec). The memory must neither move nor go while it is used.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly unsafe struct HostSegment
{
    private readonly byte* _start;
    private readonly nuint _byteCount;

    /// <summary>Names a run.</summary>
    /// <param name="start">Its first byte.</param>
    /// <param name="byteCount">How long it is; at least 1.</param>
    public HostSegment(byte* start, int byteCount)
    {
        _start = start;
        _byteCount = (nuint)byteCount;
    }

    /// <summary>How many bytes it has.</summary>
    public int ByteCount => (int)_byteCount;

    /// <summary>The bytes.</summary>
    // SAFETY: who made the segment vouches for the memory.
    public Span<byte> Span => new(_start, (int)_byteCount);

    /// <summary>A part of it.</summary>
    /// <param name="start">The part's first byte, counted from this one's.</param>
    /// <param name="byteCount">How long the part is.</param>
    /// <exception cref="ArgumentOutOfRangeException">It leaves the segment.</exception>
    public HostSegment Slice(int start, int byteCount)
    {
        if ((ulong)(uint)start + (uint)byteCount > _byteCount)
        {
            throw new ArgumentOutOfRangeException(nameof(byteCount));
        }

        return new HostSegment(_start + start, byteCount);
    }

    /// <summary>How many bytes segments have together.</summary>
    public static ulong CountBytes(ReadOnlySpan<HostSegment> segments)
    {
        ulong byteCount = 0;
        foreach (HostSegment segment in segments)
        {
            byteCount += segment._byteCount;
        }

        return byteCount;
    }
}
