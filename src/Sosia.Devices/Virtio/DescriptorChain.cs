using System;
using Sosia.Core.Buses;

namespace Sosia.Devices.Virtio;

/// <summary>
/// The buffers of one request, as collected from the rings: first those that the device reads, then those that it writes. How the
/// driver cut the request into descriptors does not show: devices address bytes by their position (virtio 1.1, section 2.6.4).
/// One object is reused for many requests.
/// </summary>
public sealed class DescriptorChain
{
    /// <summary>The longest chain that a device accepts, in descriptors.</summary>
    public const int MaxDescriptors = 1024;

    private readonly GuestSegment[] _segments = new GuestSegment[MaxDescriptors];
    private readonly MemoryBus _memory;
    private int _readableCount;
    private int _count;

    /// <summary>Creates an empty chain.</summary>
    /// <param name="memory">Where the buffers lie.</param>
    public DescriptorChain(MemoryBus memory)
    {
        _memory = memory;
    }

    /// <summary>The index of the first descriptor: the request's name in the used ring.</summary>
    public ushort Head { get; private set; }

    /// <summary>How many bytes the device may read.</summary>
    public ulong ReadableByteCount { get; private set; }

    /// <summary>How many bytes the device may write.</summary>
    public ulong WritableByteCount { get; private set; }

    /// <summary>Copies bytes out of the device-readable part.</summary>
    /// <param name="position">First byte, counted from the start of the readable part.</param>
    /// <param name="destination">Receives the bytes; must lie within the readable part.</param>
    /// <returns>False when the part is too short or lies (even partly) outside RAM.</returns>
    public bool TryRead(ulong position, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (!TryFind(isWritable: false, position, out ulong guestPhysical, out ulong available))
            {
                return false;
            }

            int chunk = (int)Math.Min((ulong)destination.Length, available);
            if (!_memory.ReadBytes(guestPhysical, destination[..chunk]))
            {
                return false;
            }

            destination = destination[chunk..];
            position += (ulong)chunk;
        }

        return true;
    }

    /// <summary>Copies bytes into the device-writable part.</summary>
    /// <param name="position">First byte, counted from the start of the writable part.</param>
    /// <param name="data">The bytes; must fit within the writable part.</param>
    /// <returns>False when the part is too short or lies (even partly) outside RAM.</returns>
    public bool TryWrite(ulong position, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            if (!TryFind(isWritable: true, position, out ulong guestPhysical, out ulong available))
            {
                return false;
            }

            int chunk = (int)Math.Min((ulong)data.Length, available);
            if (!_memory.WriteBytes(guestPhysical, data[..chunk]))
            {
                return false;
            }

            data = data[chunk..];
            position += (ulong)chunk;
        }

        return true;
    }

    /// <summary>
    /// The host memory behind a run of the request, for moving it without a copy.
    /// </summary>
    /// <param name="isWritable">Which part.</param>
    /// <param name="position">First byte, counted from the start of that part.</param>
    /// <param name="byteCount">How many bytes; at least 1.</param>
    /// <param name="ramOffset">Where in RAM the run lies, for <see cref="Core.Memory.GuestRam.BeforeWrite"/>.</param>
    /// <returns>An empty span unless the whole run is contiguous in RAM.</returns>
    public Span<byte> FindContiguous(bool isWritable, ulong position, int byteCount, out ulong ramOffset)
    {
        if (TryFind(isWritable, position, out ulong guestPhysical, out ulong available) && available >= (ulong)byteCount)
        {
            return _memory.RamSpan(guestPhysical, byteCount, out ramOffset);
        }

        ramOffset = 0;
        return [];
    }

    /// <summary>How many bytes follow a position without a seam in guest physical addresses; 0 beyond the end.</summary>
    public ulong ContiguousByteCount(bool isWritable, ulong position)
        => TryFind(isWritable, position, out _, out ulong available) ? available : 0;

    internal void Begin(ushort head)
    {
        Head = head;
        _count = 0;
        _readableCount = 0;
        ReadableByteCount = 0;
        WritableByteCount = 0;
    }

    // False when a readable buffer follows a writable one, which drivers must not do.
    internal bool TryAdd(ulong guestPhysical, uint byteCount, bool isWritable)
    {
        if (!isWritable && _readableCount != _count)
        {
            return false;
        }

        if (byteCount == 0)
        {
            return true;
        }

        if (isWritable)
        {
            WritableByteCount += byteCount;
        }
        else
        {
            ReadableByteCount += byteCount;
        }

        int firstOfPart = isWritable ? _readableCount : 0;
        if (_count > firstOfPart)
        {
            ref GuestSegment last = ref _segments[_count - 1];
            if (last.GuestPhysical + last.ByteCount == guestPhysical)
            {
                last = last with { ByteCount = last.ByteCount + byteCount };
                return true;
            }
        }

        _segments[_count++] = new GuestSegment(guestPhysical, byteCount);
        if (!isWritable)
        {
            _readableCount = _count;
        }

        return true;
    }

    private bool TryFind(bool isWritable, ulong position, out ulong guestPhysical, out ulong available)
    {
        int end = isWritable ? _count : _readableCount;
        for (int i = isWritable ? _readableCount : 0; i < end; i++)
        {
            ref readonly GuestSegment segment = ref _segments[i];
            if (position < segment.ByteCount)
            {
                guestPhysical = segment.GuestPhysical + position;
                available = segment.ByteCount - position;
                return true;
            }

            position -= segment.ByteCount;
        }

        guestPhysical = 0;
        available = 0;
        return false;
    }
}
