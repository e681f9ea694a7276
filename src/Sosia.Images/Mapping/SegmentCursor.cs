using System;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Mapping;

/// <summary>Takes runs of memory, seen as one run of bytes, apart from the first byte on.</summary>
internal ref struct SegmentCursor(ReadOnlySpan<HostSegment> segments)
{
    private ReadOnlySpan<HostSegment> _segments = segments;

    // In the first of those that are left.
    private int _offset;

    /// <summary>How many bytes are left.</summary>
    public ulong ByteCount { get; private set; } = HostSegment.CountBytes(segments);

    /// <summary>Takes bytes as segments.</summary>
    /// <param name="maxByteCount">How many; there may be fewer when they are in too many pieces.</param>
    /// <param name="taken">Takes the segments.</param>
    /// <param name="byteCount">How many bytes were taken.</param>
    /// <returns>How many segments they are.</returns>
    public int Take(ulong maxByteCount, scoped Span<HostSegment> taken, out ulong byteCount)
    {
        int count = 0;
        byteCount = 0;
        while (count < taken.Length && byteCount < maxByteCount && !_segments.IsEmpty)
        {
            int length = (int)Math.Min((ulong)(_segments[0].ByteCount - _offset), maxByteCount - byteCount);
            taken[count++] = _segments[0].Slice(_offset, length);
            byteCount += (ulong)length;
            Skip(length);
        }

        return count;
    }

    /// <summary>Takes bytes of one segment.</summary>
    /// <param name="maxByteCount">The most to take.</param>
    public Span<byte> TakeOne(ulong maxByteCount)
    {
        Span<byte> span = _segments[0].Span[_offset..];
        span = span[..(int)Math.Min((ulong)span.Length, maxByteCount)];
        Skip(span.Length);
        return span;
    }

    /// <summary>Copies the bytes that come next, which are still left then.</summary>
    /// <param name="destination">Takes as many as it has room for, which are there.</param>
    public readonly void CopyTo(Span<byte> destination)
    {
        SegmentCursor copy = this;
        while (!destination.IsEmpty)
        {
            ReadOnlySpan<byte> piece = copy.TakeOne((ulong)destination.Length);
            piece.CopyTo(destination);
            destination = destination[piece.Length..];
        }
    }

    /// <summary>Leaves bytes out.</summary>
    public void Skip(int byteCount)
    {
        ByteCount -= (ulong)byteCount;
        _offset += byteCount;
        while (!_segments.IsEmpty && _offset >= _segments[0].ByteCount)
        {
            _offset -= _segments[0].ByteCount;
            _segments = _segments[1..];
        }
    }
}
