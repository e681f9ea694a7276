using System;
using System.Buffers;

namespace Sosia.Net.User;

/// <summary>Bytes on their way through a connection. Memory is taken when there are bytes, up to a limit, and given back when there are none.</summary>
internal sealed class ByteRing
{
    private const int FirstByteCount = 1 << 14;

    private byte[] _bytes = [];
    private int _capacity;
    private int _start;

    public int Count { get; private set; }

    /// <summary>Makes room for as many bytes more, if the limit allows.</summary>
    /// <returns>How many bytes there is room for.</returns>
    public int MakeRoom(int byteCount, int limit)
    {
        int wanted = Math.Min(Count + byteCount, limit);
        if (wanted > _capacity)
        {
            int size = Math.Max(FirstByteCount, _capacity);
            while (size < wanted)
            {
                size *= 2;
            }

            byte[] larger = ArrayPool<byte>.Shared.Rent(size);
            CopyTo(0, larger.AsSpan(0, Count));
            Return();
            _bytes = larger;
            _capacity = size;
            _start = 0;
        }

        return Math.Max(0, Math.Min(_capacity, limit) - Count);
    }

    /// <summary>The first piece of free memory; <see cref="Added"/> says how much of it was filled.</summary>
    public Span<byte> FreePiece()
    {
        int end = _start + Count;
        return end >= _capacity ? _bytes.AsSpan(end - _capacity, _capacity - Count) : _bytes.AsSpan(end, _capacity - end);
    }

    public void Added(int byteCount) => Count += byteCount;

    /// <summary>Adds bytes for which there is room.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> piece = FreePiece();
            int count = Math.Min(piece.Length, bytes.Length);
            bytes[..count].CopyTo(piece);
            Count += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>The first piece of what is there.</summary>
    public ReadOnlySpan<byte> FirstPiece() => _bytes.AsSpan(_start, Math.Min(Count, _capacity - _start));

    /// <summary>Copies from the middle.</summary>
    public void CopyTo(int offset, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return;
        }

        int at = _start + offset;
        if (at >= _capacity)
        {
            at -= _capacity;
        }

        int first = Math.Min(destination.Length, _capacity - at);
        _bytes.AsSpan(at, first).CopyTo(destination);
        _bytes.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }

    /// <summary>Takes bytes away at the beginning.</summary>
    public void Drop(int byteCount)
    {
        Count -= byteCount;
        _start += byteCount;
        if (_start >= _capacity)
        {
            _start -= _capacity;
        }

        if (Count == 0)
        {
            _start = 0;
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        Count = 0;
        Return();
        _bytes = [];
        _capacity = 0;
        _start = 0;
    }

    private void Return()
    {
        if (_bytes.Length != 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }
}
