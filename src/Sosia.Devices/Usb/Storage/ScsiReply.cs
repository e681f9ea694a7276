using System;
using System.Buffers.Binary;
using System.Text;

namespace Sosia.Devices.Usb.Storage;

/// <summary>The answers of a SCSI disk that do not come from its medium (SPC-4, SBC-3).</summary>
internal static class ScsiReply
{
    /// <summary>INQUIRY: a removable disk, as memory sticks are, or one of its pages of product data.</summary>
    /// <returns>How many bytes; -1: there is no such page.</returns>
    public static int Inquiry(ReadOnlySpan<byte> command, string serial, Span<byte> reply)
    {
        bool isPage = (command[1] & 1) != 0;
        if (!isPage)
        {
            if (command[2] != 0)
            {
                return -1;
            }

            ReadOnlySpan<byte> head = [0x00, 0x80, 0x05, 0x02, 31, 0, 0, 0];
            head.CopyTo(reply);
            "Sosia   USB disk        1.0 "u8.CopyTo(reply[8..]);
            return 36;
        }

        switch (command[2])
        {
            case 0x00:
                ReadOnlySpan<byte> pages = [0, 0x00, 0, 2, 0x00, 0x80];
                pages.CopyTo(reply);
                return pages.Length;
            case 0x80:
                reply[1] = 0x80;
                int length = Encoding.ASCII.GetBytes(serial, reply[4..]);
                reply[3] = (byte)length;
                return 4 + length;
            default:
                return -1;
        }
    }

    /// <summary>REQUEST SENSE, in the fixed format.</summary>
    public static int Sense(int sense, Span<byte> reply)
    {
        reply[0] = 0x70;
        reply[2] = (byte)(sense >> 16);
        reply[7] = 10;
        reply[12] = (byte)(sense >> 8);
        reply[13] = (byte)sense;
        return 18;
    }

    /// <summary>MODE SENSE: the header, the caching page when it is asked for.</summary>
    /// <param name="command">The command, of 6 or 10 bytes.</param>
    /// <param name="isReadOnly">True for a medium that may not be written.</param>
    /// <param name="reply">Takes the answer.</param>
    /// <returns>How many bytes; -1: there is no such page.</returns>
    public static int ModeSense(ReadOnlySpan<byte> command, bool isReadOnly, Span<byte> reply)
    {
        bool isLong = command[0] == 0x5a;
        int page = command[2] & 0x3f;
        if (page is not (0x08 or 0x3f or 0x1c or 0x00))
        {
            return -1;
        }

        int length = isLong ? 8 : 4;
        if (page is 0x08 or 0x3f)
        {
            reply[length] = 0x08;
            reply[length + 1] = 0x12;
            // What was written may still be in the host's cache.
            reply[length + 2] = 0x04;
            length += 20;
        }

        byte parameter = (byte)(isReadOnly ? 0x80 : 0);
        if (isLong)
        {
            BinaryPrimitives.WriteUInt16BigEndian(reply, (ushort)(length - 2));
            reply[3] = parameter;
        }
        else
        {
            reply[0] = (byte)(length - 1);
            reply[2] = parameter;
        }

        return length;
    }

    /// <summary>READ CAPACITY of 10 or 16 bytes.</summary>
    public static int Capacity(bool isLong, ulong sectorCount, Span<byte> reply)
    {
        ulong last = sectorCount == 0 ? 0 : sectorCount - 1;
        if (isLong)
        {
            BinaryPrimitives.WriteUInt64BigEndian(reply, last);
            BinaryPrimitives.WriteUInt32BigEndian(reply[8..], Block.BlockDrive.SectorByteCount);
            return 32;
        }

        BinaryPrimitives.WriteUInt32BigEndian(reply, (uint)Math.Min(last, uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(reply[4..], Block.BlockDrive.SectorByteCount);
        return 8;
    }

    /// <summary>READ FORMAT CAPACITIES: the present one.</summary>
    public static int FormatCapacities(ulong sectorCount, Span<byte> reply)
    {
        reply[3] = 8;
        BinaryPrimitives.WriteUInt32BigEndian(reply[4..], (uint)Math.Min(sectorCount, uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(reply[8..], 0x0200_0000 | Block.BlockDrive.SectorByteCount);
        return 12;
    }
}
