using System;
using System.Buffers.Binary;

namespace Sosia.Net.User;

/// <summary>A TCP segment from a guest (RFC 9293, section 3.1).</summary>
internal readonly ref struct TcpSegment
{
    public const int HeaderByteCount = 20;

    public const byte Fin = 1;
    public const byte Syn = 2;
    public const byte Rst = 4;
    public const byte Psh = 8;
    public const byte Ack = 16;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _dataOffset;

    private TcpSegment(ReadOnlySpan<byte> bytes, int dataOffset)
    {
        _bytes = bytes;
        _dataOffset = dataOffset;
    }

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_bytes);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    public uint Sequence => BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]);

    public uint Acknowledgment => BinaryPrimitives.ReadUInt32BigEndian(_bytes[8..]);

    public byte Flags => _bytes[13];

    public ushort Window => BinaryPrimitives.ReadUInt16BigEndian(_bytes[14..]);

    public ReadOnlySpan<byte> Data => _bytes[_dataOffset..];

    /// <summary>How much of the sequence space it takes.</summary>
    public uint SequenceLength => (uint)Data.Length + ((Flags & Syn) != 0 ? 1u : 0) + ((Flags & Fin) != 0 ? 1u : 0);

    public bool Has(byte flag) => (Flags & flag) != 0;

    public static bool TryParse(ReadOnlySpan<byte> bytes, out TcpSegment segment)
    {
        segment = default;
        if (bytes.Length < HeaderByteCount)
        {
            return false;
        }

        int dataOffset = (bytes[12] >> 4) * 4;
        if (dataOffset < HeaderByteCount || dataOffset > bytes.Length)
        {
            return false;
        }

        segment = new TcpSegment(bytes, dataOffset);
        return true;
    }

    /// <summary>The options of a SYN: the largest segment (536 when it says nothing) and the window's scale (−1 for none).</summary>
    public (int MaxSegment, int WindowScale) ReadOptions()
    {
        int maxSegment = 536;
        int scale = -1;
        ReadOnlySpan<byte> options = _bytes[HeaderByteCount.._dataOffset];
        while (options.Length >= 2 && options[0] != 0)
        {
            int length = options[0] == 1 ? 1 : options[1];
            if (length < 1 || length > options.Length || (length < 2 && options[0] != 1))
            {
                break;
            }

            if (options[0] == 2 && length == 4)
            {
                maxSegment = BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            }
            else if (options[0] == 3 && length == 3)
            {
                scale = Math.Min((int)options[2], 14);
            }

            options = options[length..];
        }

        return (maxSegment, scale);
    }
}
