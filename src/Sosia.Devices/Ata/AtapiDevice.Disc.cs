using System;
using System.Buffers.Binary;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Ata;

/// <content>The disc: its contents and its structure. An image is one data track in one session.</content>
internal sealed partial class AtapiDevice
{
    // Parts of a sector that READ CD asks for (MMC-5, table 352).
    private const byte PartSync = 0x80;
    private const byte PartHeader = 0x20;
    private const byte PartData = 0x10;
    private const byte PartEdc = 0x08;

    // Above this it is not a CD: 99 minutes.
    private const uint MaxCdBlocks = 450_000;
    private const byte LeadOut = 0xaa;

    private readonly byte[] _sector = new byte[CdSector.ByteCount];
    private uint _firstBlock;

    // What is sent of each sector; only the user data by READ.
    private byte _rawParts = PartData;

    private bool IsCd => BlockCount <= MaxCdBlocks;

    /// <inheritdoc/>
    public override BlockResult ReadData(Span<byte> destination)
    {
        if (!IsMediumTransfer)
        {
            return base.ReadData(destination);
        }

        int sectorByteCount = ByteCountOf(_rawParts);
        ulong position = Transferred;
        for (Span<byte> rest = destination; !rest.IsEmpty;)
        {
            int offset = (int)(position % (ulong)sectorByteCount);
            int chunk = Math.Min(sectorByteCount - offset, rest.Length);
            uint block = _firstBlock + (uint)(position / (ulong)sectorByteCount);
            bool isWhole = chunk == CdAddress.DataByteCount && _rawParts == PartData;
            BlockResult result = isWhole ? ReadBlock(block, rest[..chunk]) : LoadSector(block);
            if (result != BlockResult.Ok)
            {
                return result;
            }

            if (!isWhole)
            {
                CopyParts(offset, rest[..chunk]);
            }

            rest = rest[chunk..];
            position += (ulong)chunk;
        }

        Advance((ulong)destination.Length);
        return BlockResult.Ok;
    }

    /// <inheritdoc/>
    public override BlockResult MoveData(ScatterList list, ulong listStart)
    {
        if (!IsMediumTransfer || _rawParts == PartData)
        {
            return base.MoveData(list, listStart);
        }

        int sectorByteCount = ByteCountOf(_rawParts);
        Span<byte> sector = stackalloc byte[CdSector.ByteCount];
        for (int moved = 0; moved < BytesPerTurn && Remaining != 0 && Transferred - listStart + (ulong)sectorByteCount <= list.ByteCount; moved += sectorByteCount)
        {
            ulong position = Transferred - listStart;
            BlockResult result = ReadData(sector[..sectorByteCount]);
            if (result != BlockResult.Ok)
            {
                return result;
            }

            list.Write(position, sector[..sectorByteCount]);
        }

        return BlockResult.Ok;
    }

    private BlockResult ReadBlock(uint block, Span<byte> destination) => Drive.Read((ulong)block * CdAddress.DataByteCount, destination);

    private BlockResult LoadSector(uint block)
    {
        BlockResult result = ReadBlock(block, _sector.AsSpan(CdSector.DataOffset, CdAddress.DataByteCount));
        if (result == BlockResult.Ok && _rawParts != PartData)
        {
            CdSector.Complete(_sector, block);
        }

        return result;
    }

    private static int ByteCountOf(byte parts)
        => ((parts & PartSync) != 0 ? CdSector.SyncByteCount : 0) + ((parts & PartHeader) != 0 ? CdSector.HeaderByteCount : 0)
            + ((parts & PartData) != 0 ? CdAddress.DataByteCount : 0) + ((parts & PartEdc) != 0 ? CdSector.ByteCount - CdSector.EdcOffset : 0);

    // The parts that were asked for follow each other without gaps.
    private void CopyParts(int offset, Span<byte> destination)
    {
        ReadOnlySpan<(byte Part, int Start, int End)> parts =
        [
            (PartSync, 0, CdSector.SyncByteCount),
            (PartHeader, CdSector.SyncByteCount, CdSector.DataOffset),
            (PartData, CdSector.DataOffset, CdSector.EdcOffset),
            (PartEdc, CdSector.EdcOffset, CdSector.ByteCount),
        ];
        int at = 0;
        foreach ((byte part, int start, int end) in parts)
        {
            int byteCount = (_rawParts & part) != 0 ? end - start : 0;
            int first = Math.Max(offset, at);
            int last = Math.Min(offset + destination.Length, at + byteCount);
            if (first < last)
            {
                _sector.AsSpan(start + first - at, last - first).CopyTo(destination[(first - offset)..]);
            }

            at += byteCount;
        }
    }

    private void Read(uint block, uint count)
    {
        _rawParts = PartData;
        BeginRead(block, count);
    }

    private void BeginRead(uint block, uint count)
    {
        if (count > BlockCount || block > BlockCount - count)
        {
            FailPacket(SenseData.AddressOutOfRange);
            return;
        }

        if (count == 0)
        {
            Succeed();
            return;
        }

        Protocol = _usesDma ? AtaProtocol.DmaIn : AtaProtocol.PioIn;
        IsMediumTransfer = true;
        _firstBlock = block;
        MediumPosition = (ulong)block * CdAddress.DataByteCount;
        Remaining = (ulong)count * (uint)ByteCountOf(_rawParts);
    }

    private void ReadCdMsf(ReadOnlySpan<byte> packet)
    {
        bool isValid = CdAddress.TryFromMsf(packet[3], packet[4], packet[5], out uint first) & CdAddress.TryFromMsf(packet[6], packet[7], packet[8], out uint end);
        if (!isValid || end < first)
        {
            FailPacket(SenseData.InvalidField);
            return;
        }

        ReadCd(packet, first, end - first);
    }

    private void ReadCd(ReadOnlySpan<byte> packet, uint block, uint count)
    {
        int type = (packet[1] >> 2) & 7;
        byte parts = packet[9];
        // Any type or mode 1; no error flags and no sub-channel, which an image does not have; no sub-header in mode 1.
        bool isPossible = type is 0 or 2 && (parts & 0x06) == 0 && (packet[10] & 7) == 0;
        if (!isPossible)
        {
            FailPacket(type is 0 or 2 ? SenseData.InvalidField : SenseData.IllegalModeForTrack);
            return;
        }

        byte wanted = (byte)(parts & (PartSync | PartHeader | PartData | PartEdc));
        if (wanted == 0)
        {
            count = 0;
        }

        _rawParts = wanted == 0 ? PartData : wanted;
        BeginRead(block, count);
    }

    private void SeekOrVerify(uint block, uint count)
    {
        if (count > BlockCount || block > BlockCount - count)
        {
            FailPacket(SenseData.AddressOutOfRange);
            return;
        }

        Succeed();
    }

    private void ReadCapacity()
    {
        BinaryPrimitives.WriteUInt32BigEndian(Buffer, BlockCount - 1);
        BinaryPrimitives.WriteUInt32BigEndian(Buffer.AsSpan(4), CdAddress.DataByteCount);
        Reply(8, 8);
    }

    // MMC-5, 6.26.
    private void ReadToc(ReadOnlySpan<byte> packet)
    {
        bool isMsf = (packet[1] & 2) != 0;
        int format = packet[2] & 15;
        // Old hosts give the format in the control byte.
        if (format == 0)
        {
            format = packet[9] >> 6;
        }

        byte start = packet[6];
        int byteCount;
        switch (format)
        {
            case 0:
                byteCount = WriteToc(start, isMsf);
                break;
            case 1:
                // One session, whose first track is 1.
                WriteTocHeader(10);
                WriteTrack(4, 1, 0, isMsf);
                byteCount = 12;
                break;
            case 2:
                byteCount = WriteFullToc(start, isMsf);
                break;
            default:
                byteCount = -1;
                break;
        }

        if (byteCount < 0)
        {
            FailPacket(SenseData.InvalidField);
            return;
        }

        Reply(byteCount, BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
    }

    private void WriteTocHeader(ushort dataLength)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Buffer, dataLength);
        Buffer[2] = 1;
        Buffer[3] = 1;
    }

    // ADR 1, data track that may not be copied.
    private void WriteTrack(int at, byte track, uint block, bool isMsf)
    {
        Buffer[at] = 0;
        Buffer[at + 1] = 0x14;
        Buffer[at + 2] = track;
        Buffer[at + 3] = 0;
        CdAddress.Write(Buffer.AsSpan(at + 4), block, isMsf);
    }

    private int WriteToc(byte start, bool isMsf)
    {
        if (start is > 1 and not LeadOut)
        {
            return -1;
        }

        int at = 4;
        if (start <= 1)
        {
            WriteTrack(at, 1, 0, isMsf);
            at += 8;
        }

        WriteTrack(at, LeadOut, BlockCount, isMsf);
        at += 8;
        WriteTocHeader((ushort)(at - 2));
        return at;
    }

    // The points A0, A1, A2 and the track, as in the lead-in.
    private int WriteFullToc(byte session, bool isMsf)
    {
        if (session > 1)
        {
            return -1;
        }

        int at = 4;
        foreach ((byte point, byte minute, uint block) in (ReadOnlySpan<(byte, byte, uint)>)[(0xa0, 1, 0), (0xa1, 1, 0), (0xa2, 0, BlockCount), (1, 0, 0)])
        {
            Span<byte> entry = Buffer.AsSpan(at, 11);
            entry.Clear();
            entry[0] = 1;
            entry[1] = 0x14;
            entry[3] = point;
            if (point is 0xa0 or 0xa1)
            {
                entry[8] = minute;
            }
            else if (isMsf)
            {
                (entry[8], entry[9], entry[10]) = CdAddress.ToMsf(block);
            }
            else
            {
                BinaryPrimitives.WriteUInt32BigEndian(entry[7..], block);
            }

            at += 11;
        }

        WriteTocHeader((ushort)(at - 2));
        return at;
    }

    // MMC-2, 6.2.12: no audio is played; neither catalogue number nor recording code.
    private void ReadSubChannel(ReadOnlySpan<byte> packet)
    {
        bool wantsData = (packet[2] & 0x40) != 0;
        int format = packet[3];
        Span<byte> reply = Buffer.AsSpan(0, 24);
        reply.Clear();
        reply[1] = 0x15;
        int byteCount = 4;
        if (wantsData)
        {
            if (format is < 1 or > 3)
            {
                FailPacket(SenseData.InvalidField);
                return;
            }

            byteCount = format == 1 ? 16 : 24;
            reply[4] = (byte)format;
            if (format == 1)
            {
                reply[5] = 0x14;
                reply[6] = 1;
                reply[7] = 1;
                CdAddress.Write(reply[8..], 0, (packet[1] & 2) != 0);
            }
        }

        reply[3] = (byte)(byteCount - 4);
        Reply(byteCount, BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
    }

    // MMC-5, 6.22: complete, one session, one track.
    private void ReadDiscInformation(ReadOnlySpan<byte> packet)
    {
        Span<byte> reply = Buffer.AsSpan(0, 34);
        reply.Clear();
        reply[1] = 32;
        reply[2] = 0x0e;
        reply[3] = 1;
        reply[4] = 1;
        reply[5] = 1;
        reply[6] = 1;
        reply[7] = 0x20;
        reply[16..24].Fill(0xff);
        Reply(34, BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
    }

    // MMC-5, 6.27.
    private void ReadTrackInformation(ReadOnlySpan<byte> packet)
    {
        uint address = BinaryPrimitives.ReadUInt32BigEndian(packet[2..]);
        bool exists = (packet[1] & 3) switch
        {
            0 => address < BlockCount,
            1 or 2 => address == 1,
            _ => false,
        };
        if (!exists)
        {
            FailPacket(SenseData.InvalidField);
            return;
        }

        Span<byte> reply = Buffer.AsSpan(0, 36);
        reply.Clear();
        reply[1] = 34;
        reply[2] = 1;
        reply[3] = 1;
        reply[5] = 4;
        reply[6] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(reply[24..], BlockCount);
        Reply(36, BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
    }

    // MMC-5, 6.23: of a DVD the physical format and "not copy-protected".
    private void ReadDiscStructure(ReadOnlySpan<byte> packet)
    {
        if (IsCd || (packet[1] & 15) != 0)
        {
            FailPacket(IsCd ? SenseData.IllegalModeForTrack : SenseData.InvalidField);
            return;
        }

        Span<byte> reply = Buffer.AsSpan(0, 4 + CdAddress.DataByteCount);
        reply.Clear();
        int byteCount;
        switch (packet[7])
        {
            case 0x00:
                byteCount = 4 + CdAddress.DataByteCount;
                reply[4] = 0x01;        // DVD-ROM, version 1
                reply[5] = 0x0f;        // 120 mm, no maximum rate
                reply[6] = 0x01;        // one layer, embossed
                BinaryPrimitives.WriteUInt32BigEndian(reply[8..], 0x03_0000);
                BinaryPrimitives.WriteUInt32BigEndian(reply[12..], 0x03_0000 + BlockCount - 1);
                break;
            case 0x01:
                byteCount = 8;
                break;
            default:
                FailPacket(SenseData.InvalidField);
                return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(reply, (ushort)(byteCount - 2));
        Reply(byteCount, BinaryPrimitives.ReadUInt16BigEndian(packet[8..]));
    }
}
