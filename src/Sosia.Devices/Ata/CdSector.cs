using System;
using System.Buffers.Binary;

namespace Sosia.Devices.Ata;

/// <summary>
/// A whole mode 1 sector of 2352 bytes as it is on a disc (ECMA-130, chapter 14): synchronization, header, user data, error detection code, and the
/// two Reed-Solomon parities, computed as images hold user data only.
/// </summary>
internal static class CdSector
{
    /// <summary>Bytes of a whole sector.</summary>
    public const int ByteCount = 2352;

    /// <summary>Bytes before the header.</summary>
    public const int SyncByteCount = 12;

    /// <summary>Bytes of the header.</summary>
    public const int HeaderByteCount = 4;

    /// <summary>Where user data begins.</summary>
    public const int DataOffset = SyncByteCount + HeaderByteCount;

    /// <summary>Where the error detection code begins.</summary>
    public const int EdcOffset = DataOffset + CdAddress.DataByteCount;

    private const int PParityOffset = 2076;
    private const int QParityOffset = 2248;

    private static readonly uint[] EdcTable = MakeEdcTable();

    // Multiplication by α in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1, and division by α + 1.
    private static readonly byte[] TimesAlpha = MakeTimesAlpha();
    private static readonly byte[] OverAlphaPlusOne = MakeOverAlphaPlusOne();

    /// <summary>Completes a sector whose user data is in place.</summary>
    /// <param name="sector">2352 bytes.</param>
    /// <param name="block">Its logical block address.</param>
    public static void Complete(Span<byte> sector, uint block)
    {
        sector[0] = 0;
        sector[1..11].Fill(0xff);
        sector[11] = 0;
        (byte minute, byte second, byte frame) = CdAddress.ToMsf(block);
        sector[12] = ToBcd(minute);
        sector[13] = ToBcd(second);
        sector[14] = ToBcd(frame);
        sector[15] = 1;
        uint edc = 0;
        foreach (byte one in sector[..EdcOffset])
        {
            edc = (edc >> 8) ^ EdcTable[(byte)(edc ^ one)];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(sector[EdcOffset..], edc);
        sector.Slice(EdcOffset + 4, 8).Clear();
        WriteParity(sector[SyncByteCount..], 86, 24, 2, 86, sector[PParityOffset..]);
        WriteParity(sector[SyncByteCount..], 52, 43, 86, 88, sector[QParityOffset..]);
    }

    // Both parities are two bytes per code word; they differ in how the words run through the sector after its synchronization.
    private static void WriteParity(ReadOnlySpan<byte> source, int majorCount, int minorCount, int majorMultiple, int minorIncrement, Span<byte> parity)
    {
        int size = majorCount * minorCount;
        for (int major = 0; major < majorCount; major++)
        {
            int index = ((major >> 1) * majorMultiple) + (major & 1);
            byte a = 0;
            byte b = 0;
            for (int minor = 0; minor < minorCount; minor++)
            {
                byte one = source[index];
                index += minorIncrement;
                if (index >= size)
                {
                    index -= size;
                }

                a = TimesAlpha[a ^ one];
                b ^= one;
            }

            a = OverAlphaPlusOne[TimesAlpha[a] ^ b];
            parity[major] = a;
            parity[major + majorCount] = (byte)(a ^ b);
        }
    }

    private static byte ToBcd(byte value) => (byte)(((value / 10) << 4) | (value % 10));

    private static uint[] MakeEdcTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) != 0 ? 0xd801_8001u : 0);
            }

            table[i] = value;
        }

        return table;
    }

    private static byte[] MakeTimesAlpha()
    {
        byte[] table = new byte[256];
        for (int i = 0; i < 256; i++)
        {
            table[i] = (byte)((i << 1) ^ ((i & 0x80) != 0 ? 0x1d : 0));
        }

        return table;
    }

    private static byte[] MakeOverAlphaPlusOne()
    {
        byte[] table = new byte[256];
        for (int i = 0; i < 256; i++)
        {
            table[i ^ TimesAlpha[i]] = (byte)i;
        }

        return table;
    }
}
