using System;
using System.Buffers.Binary;

namespace Sosia.Display.Rfb;

/// <summary>Bytes of a message that grows; numbers are big-endian, as the protocol has them.</summary>
internal sealed class RfbBuffer
{
    private byte[] _bytes = new byte[1 << 12];

    /// <summary>How many bytes there are.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes, valid until more are added.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Count);

    /// <summary>The bytes, valid until more are added.</summary>
    public Span<byte> Span => _bytes.AsSpan(0, Count);

    /// <summary>Forgets all bytes.</summary>
    public void Clear() => Count = 0;

    /// <summary>Forgets the bytes from a place on.</summary>
    public void Truncate(int count) => Count = count;

    /// <summary>Adds bytes to be filled in.</summary>
    public Span<byte> Add(int byteCount)
    {
        if (_bytes.Length - Count < byteCount)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(_bytes.LongLength * 2, (long)Count + byteCount)));
        }

        Span<byte> added = _bytes.AsSpan(Count, byteCount);
        Count += byteCount;
        return added;
    }

    /// <summary>Adds bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Add(bytes.Length));

    /// <summary>Adds a byte.</summary>
    public void AddByte(int value) => Add(1)[0] = (byte)value;

    /// <summary>Adds 16 bits.</summary>
    public void AddUInt16(int value) => BinaryPrimitives.WriteUInt16BigEndian(Add(2), (ushort)value);

    /// <summary>Adds 32 bits.</summary>
    public void AddInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Add(4), value);

    /// <summary>Adds a rectangle's header.</summary>
    public void AddRectangle(int x, int y, int width, int height, int encoding)
    {
        AddUInt16(x);
        AddUInt16(y);
        AddUInt16(width);
        AddUInt16(height);
        AddInt32(encoding);
    }
}
