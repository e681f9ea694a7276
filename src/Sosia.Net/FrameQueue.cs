using System;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Net.Frames;

namespace Sosia.Net;

/// <summary>
/// Frames on their way in one direction: a ring of bytes with one producer and one consumer, each on a thread of its own, that never waits, loses or
/// allocates. Who finds it full or empty asks to be told, once, of a change.
/// </summary>
public sealed class FrameQueue
{
    /// <summary>The longest frame: 64 KiB of IP with an Ethernet header and a VLAN tag.</summary>
    public const int MaxFrameByteCount = 65535 + 18;

    private const int HeaderByteCount = 16;
    private const int Alignment = 16;
    private const int SkipMark = -1;

    private readonly byte[] _bytes;
    private readonly int _mask;
    private long _head;
    private long _tail;
    private int _frameIsWanted;
    private int _roomIsWanted;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="byteCount">Its size: a power of two, room for two of the longest frames at least.</param>
    public FrameQueue(int byteCount)
    {
        if (byteCount < 1 << 18 || (byteCount & (byteCount - 1)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(byteCount), "The size of a queue of frames is a power of two, 256 KiB at least.");
        }

        _bytes = new byte[byteCount];
        _mask = byteCount - 1;
    }

    /// <summary>Called on the producer's thread when the consumer had asked for a frame and there is one.</summary>
    public Action? FrameArrived { get; set; }

    /// <summary>Called on the consumer's thread when the producer had asked for room and there is some.</summary>
    public Action? RoomAppeared { get; set; }

    /// <summary>True when no frame waits.</summary>
    public bool IsEmpty => Volatile.Read(ref _tail) == Volatile.Read(ref _head);

    /// <summary>Producer: where to write the next frame.</summary>
    /// <param name="byteCount">How long it will be at most.</param>
    /// <returns>That many bytes; empty when there is no room for them.</returns>
    public Span<byte> Reserve(int byteCount)
    {
        int needed = Align(HeaderByteCount + byteCount);
        long tail = _tail;
        int at = (int)tail & _mask;
        int toEnd = _bytes.Length - at;
        long free = _bytes.Length - (tail - Volatile.Read(ref _head));
        if (toEnd >= needed)
        {
            return free >= needed ? _bytes.AsSpan(at + HeaderByteCount, byteCount) : [];
        }

        if (free < toEnd + needed)
        {
            return [];
        }

        MemoryMarshal.Write(_bytes.AsSpan(at), SkipMark);
        Volatile.Write(ref _tail, tail + toEnd);
        return _bytes.AsSpan(HeaderByteCount, byteCount);
    }

    /// <summary>Producer: the frame is written.</summary>
    /// <param name="byteCount">Its length, at most what was reserved.</param>
    /// <param name="offload">What is left to do.</param>
    public void Commit(int byteCount, in FrameOffload offload)
    {
        int at = (int)_tail & _mask;
        MemoryMarshal.Write(_bytes.AsSpan(at), byteCount);
        MemoryMarshal.Write(_bytes.AsSpan(at + 4), offload);
        Volatile.Write(ref _tail, _tail + Align(HeaderByteCount + byteCount));
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _frameIsWanted) != 0 && Interlocked.Exchange(ref _frameIsWanted, 0) != 0)
        {
            FrameArrived?.Invoke();
        }
    }

    /// <summary>Producer: wants to be told of room.</summary>
    /// <param name="byteCount">How much is wanted.</param>
    /// <returns>False when there is room by now.</returns>
    public bool AskForRoom(int byteCount)
    {
        Volatile.Write(ref _roomIsWanted, 1);
        Interlocked.MemoryBarrier();
        if (Reserve(byteCount).IsEmpty)
        {
            return true;
        }

        Volatile.Write(ref _roomIsWanted, 0);
        return false;
    }

    /// <summary>Consumer: looks at the next frame.</summary>
    /// <param name="frame">The frame; the consumer may change it.</param>
    /// <param name="offload">What is left to do.</param>
    /// <returns>False when there is none.</returns>
    public bool TryPeek(out Span<byte> frame, out FrameOffload offload)
    {
        while (_head != Volatile.Read(ref _tail))
        {
            int at = (int)_head & _mask;
            int byteCount = MemoryMarshal.Read<int>(_bytes.AsSpan(at));
            if (byteCount == SkipMark)
            {
                Volatile.Write(ref _head, _head + _bytes.Length - at);
                continue;
            }

            offload = MemoryMarshal.Read<FrameOffload>(_bytes.AsSpan(at + 4));
            frame = _bytes.AsSpan(at + HeaderByteCount, byteCount);
            return true;
        }

        frame = [];
        offload = default;
        return false;
    }

    /// <summary>Consumer: takes the frame away that it has looked at.</summary>
    public void Release()
    {
        int byteCount = MemoryMarshal.Read<int>(_bytes.AsSpan((int)_head & _mask));
        Volatile.Write(ref _head, _head + Align(HeaderByteCount + byteCount));
        Interlocked.MemoryBarrier();
        // A producer that is far ahead is told when there is some work for it, not for each frame.
        if (Volatile.Read(ref _roomIsWanted) != 0 && (_tail - _head) <= _bytes.Length / 2 && Interlocked.Exchange(ref _roomIsWanted, 0) != 0)
        {
            RoomAppeared?.Invoke();
        }
    }

    /// <summary>Consumer: wants to be told of the next frame.</summary>
    /// <returns>False when there is one by now.</returns>
    public bool AskForFrame()
    {
        Volatile.Write(ref _frameIsWanted, 1);
        Interlocked.MemoryBarrier();
        if (IsEmpty)
        {
            return true;
        }

        Volatile.Write(ref _frameIsWanted, 0);
        return false;
    }

    private static int Align(int byteCount) => (byteCount + Alignment - 1) & ~(Alignment - 1);
}
