using System;

namespace Sosia.Net.Frames;

/// <summary>The check sequence at an Ethernet frame's end (IEEE 802.3, section 3.2.9). Cables carry frames without; some cards show it to their drivers.</summary>
public static class FrameCheckSequence
{
    /// <summary>Its length.</summary>
    public const int ByteCount = 4;

    private static readonly uint[] Table = MakeTable();

    /// <summary>Computes it.</summary>
    /// <param name="bytes">What is covered: a frame, or an address for a multicast filter.</param>
    /// <returns>As it is stored, its lowest byte first.</returns>
    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc = Table[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return ~crc;
    }

    // The polynomial 04C11DB7h, the lowest bit first.
    private static uint[] MakeTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? 0xedb8_8320 ^ (value >> 1) : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
