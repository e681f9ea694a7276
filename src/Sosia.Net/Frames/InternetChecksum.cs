using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sosia.Net.Frames;

/// <summary>The checksum of IP, TCP, UDP and ICMP (RFC 1071): the complement of the one's complement sum of 16-bit words.</summary>
public static class InternetChecksum
{
    /// <summary>Adds bytes to a sum.</summary>
    /// <param name="bytes">What to add; an odd last byte counts as the upper half of a word.</param>
    /// <param name="sum">The sum so far, as this function or <see cref="PseudoHeader"/> returned it.</param>
    /// <returns>The sum, folded to 16 bits.</returns>
    public static uint Add(ReadOnlySpan<byte> bytes, uint sum = 0)
    {
        // The sum does not depend on the byte order (RFC 1071, 2(B)): words are added as the host has them, four at a time, and swapped at the end.
        ulong total = 0;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            total += word;
            if (total < word)
            {
                total++;
            }
        }

        ulong rest = 0;
        ReadOnlySpan<byte> tail = bytes[(words.Length * 8)..];
        for (int i = 0; i < tail.Length; i++)
        {
            rest |= (ulong)tail[i] << (8 * i);
        }

        total += rest;
        if (total < rest)
        {
            total++;
        }

        total = (total >> 32) + (uint)total;
        total = (total >> 32) + (uint)total;
        total = (total >> 16) + (ushort)total;
        total = (total >> 16) + (ushort)total;
        uint folded = BinaryPrimitives.ReverseEndianness((ushort)((total >> 16) + (ushort)total)) + sum;
        return (folded >> 16) + (ushort)folded;
    }

    /// <summary>The sum of the pseudo header of TCP and UDP over IPv4.</summary>
    public static uint PseudoHeader(uint source, uint destination, byte protocol, int byteCount)
    {
        uint sum = (source >> 16) + (ushort)source + (destination >> 16) + (ushort)destination + protocol + (uint)(byteCount >> 16) + (ushort)byteCount;
        sum = (sum >> 16) + (ushort)sum;
        return (sum >> 16) + (ushort)sum;
    }

    /// <summary>What goes into the checksum field.</summary>
    public static ushort Finish(uint sum)
    {
        sum = (sum >> 16) + (ushort)sum;
        return (ushort)~((sum >> 16) + (ushort)sum);
    }
}
