using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Sosia.Devices.Flash;

/// <summary>The query table of the common flash memory interface (JEDEC JESD68.01) for a byte-wide memory with the command set 0001h.</summary>
internal static class CfiTable
{
    /// <summary>How long the table is; behind it the memory reads as zero in query mode.</summary>
    public const int ByteCount = 0x40;

    private const ushort IntelCommandSet = 0x0001;
    private const int ExtendedTable = 0x31;

    /// <summary>Makes the table.</summary>
    /// <param name="byteCount">The memory's size.</param>
    /// <param name="blockByteCount">What is erased at once; a multiple of 256.</param>
    /// <param name="bufferByteCount">The size of the write buffer, a power of two.</param>
    public static byte[] Build(int byteCount, int blockByteCount, int bufferByteCount)
    {
        byte[] table = new byte[ByteCount];
        Encoding.ASCII.GetBytes("QRY").CopyTo(table, 0x10);
        Put(0x13, IntelCommandSet);
        Put(0x15, ExtendedTable);

        // Supply voltage 4.5 to 5.5 V, no programming voltage; typical times 128 µs a byte or buffer and 1 s a block, at most sixteen times as long.
        table[0x1b] = 0x45;
        table[0x1c] = 0x55;
        table[0x1f] = table[0x20] = 7;
        table[0x21] = 10;
        table[0x23] = table[0x24] = table[0x25] = 4;
        table[0x27] = (byte)BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)byteCount));
        Put(0x2a, (ushort)BitOperations.Log2((uint)bufferByteCount));

        // One region of equal blocks.
        table[0x2c] = 1;
        Put(0x2d, (ushort)((byteCount / blockByteCount) - 1));
        Put(0x2f, (ushort)(blockByteCount / 256));
        Encoding.ASCII.GetBytes("PRI10").CopyTo(table, ExtendedTable);
        return table;

        void Put(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(offset), value);
    }
}
