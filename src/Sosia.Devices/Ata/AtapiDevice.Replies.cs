using System;
using System.Buffers.Binary;

namespace Sosia.Devices.Ata;

/// <content>What the drive says of itself, its settings and its tray.</content>
internal sealed partial class AtapiDevice
{
    private const string Vendor = "SOSIA";
    private const string Product = "CD-ROM DRIVE";
    private const string Version = "1.0";

    private const byte PageErrorRecovery = 0x01;
    private const byte PageAudio = 0x0e;
    private const byte PageCapabilities = 0x2a;
    private const byte PageAll = 0x3f;
    private const ushort ProfileCdRom = 0x0008;
    private const ushort ProfileDvdRom = 0x0010;

    private static readonly byte[] DefaultErrorRecoveryPage = [PageErrorRecovery, 6, 0, 5, 0, 0, 0, 0];
    private static readonly byte[] DefaultAudioPage = [PageAudio, 14, 4, 0, 0, 0, 0, 75, 1, 0xff, 2, 0xff, 0, 0, 0, 0];
    private static readonly byte[] CapabilitiesPage =
    [
        // Reads CD-R, CD-RW and DVD-ROM; multi-session and mode 2; lock, eject, tray; 50× and 8 MiB (MMC-3, 5.5.10).
        PageCapabilities, 20, 0x0b, 0x00, 0x70, 0x00, 0x29, 0x00, 0x21, 0xe8, 0x00, 0x02, 0x20, 0x00, 0x21, 0xe8, 0, 0, 0, 0, 0, 0,
    ];

    private readonly byte[] _errorRecoveryPage = new byte[8];
    private readonly byte[] _audioPage = new byte[16];

    private void ResetModePages()
    {
        DefaultErrorRecoveryPage.CopyTo(_errorRecoveryPage, 0);
        DefaultAudioPage.CopyTo(_audioPage, 0);
    }

    // ATA/ATAPI-6, 8.16.
    private void IdentifyPacketDevice()
    {
        Array.Clear(Buffer, 0, SectorByteCount);
        SetWord(0, 0x85c0);         // packet device, CD-ROM, removable, DRQ within 50 µs, packets of 12 bytes
        SetText(10, 20, _serial);
        SetText(23, 8, Version);
        SetText(27, 40, Vendor + " " + Product);
        SetWord(49, 0x0f00);        // DMA, LBA, IORDY
        SetWord(51, 0x0200);
        SetWord(53, 6);
        SetWord(63, 7 | SelectedMode(0x20));
        SetWord(64, 3);
        SetWord(65, 120);
        SetWord(66, 120);
        SetWord(67, 120);
        SetWord(68, 120);
        SetWord(80, 0x0070);
        SetWord(82, 0x0218);        // DEVICE RESET, packets, power management
        SetWord(83, 0x4000);
        SetWord(84, 0x4000);
        SetWord(85, 0x0218);
        SetWord(87, 0x4000);
        SetWord(88, 0x3f | SelectedMode(0x40));
        SetIntegrityWord();
    }

    private int SelectedMode(byte group) => (_transferMode & 0xf8) == group ? 0x100 << (_transferMode & 7) : 0;

    // SPC-3, 6.27: fixed format. Reporting clears it; without any, a unit attention that waits is reported.
    private void RequestSense(int allocationByteCount)
    {
        SenseData sense = _sense.Key != 0 ? _sense : TakeUnitAttention();
        _sense = SenseData.None;
        Span<byte> reply = Buffer.AsSpan(0, 18);
        reply.Clear();
        reply[0] = 0x70;
        reply[2] = sense.Key;
        reply[7] = 10;
        BinaryPrimitives.WriteUInt16BigEndian(reply[12..], sense.Code);
        Reply(18, allocationByteCount);
    }

    // SPC-3, 6.4.
    private void Inquiry(ReadOnlySpan<byte> packet)
    {
        int allocation = BinaryPrimitives.ReadUInt16BigEndian(packet[3..]);
        Span<byte> reply = Buffer.AsSpan(0, 96);
        reply.Clear();
        reply[0] = 5;
        if ((packet[1] & 1) != 0)
        {
            InquireVitalProductData(packet[2], reply, allocation);
            return;
        }

        if (packet[2] != 0)
        {
            FailPacket(SenseData.InvalidField);
            return;
        }

        reply[1] = 0x80;
        reply[2] = 0;               // no version: as packet devices say (SFF-8020i, 10.8.1.1)
        reply[3] = 0x21;
        reply[4] = 31;
        PutText(reply[8..16], Vendor);
        PutText(reply[16..32], Product);
        PutText(reply[32..36], Version);
        Reply(36, allocation);
    }

    private void InquireVitalProductData(byte page, Span<byte> reply, int allocation)
    {
        reply[1] = page;
        switch (page)
        {
            case 0x00:
                reply[3] = 2;
                reply[5] = 0x80;
                Reply(6, allocation);
                break;
            case 0x80:
                reply[3] = 20;
                PutText(reply.Slice(4, 20), _serial);
                Reply(24, allocation);
                break;
            default:
                FailPacket(SenseData.InvalidField);
                break;
        }
    }

    private static void PutText(Span<byte> destination, string text)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = i < text.Length ? (byte)text[i] : (byte)' ';
        }
    }

    // SPC-3, 6.9 and 6.10. Page control: current, changeable, default, saved.
    private void ModeSense(ReadOnlySpan<byte> packet, int headerByteCount, int allocationByteCount)
    {
        int control = packet[2] >> 6;
        byte page = (byte)(packet[2] & 0x3f);
        if (control == 3)
        {
            FailPacket(SenseData.SavingNotSupported);
            return;
        }

        int at = headerByteCount;
        Array.Clear(Buffer, 0, headerByteCount);
        at += AddPage(at, page, PageErrorRecovery, control == 2 ? DefaultErrorRecoveryPage : _errorRecoveryPage, control == 1);
        at += AddPage(at, page, PageAudio, control == 2 ? DefaultAudioPage : _audioPage, control == 1);
        at += AddPage(at, page, PageCapabilities, CapabilitiesPage, control == 1);
        if (at == headerByteCount)
        {
            FailPacket(SenseData.InvalidField);
            return;
        }

        // Medium type of old: data CD, 120 mm; none; open.
        byte mediumType = _drive.IsTrayOpen ? (byte)0x71 : _drive.HasMedium ? (byte)0x01 : (byte)0x70;
        if (headerByteCount == 4)
        {
            Buffer[0] = (byte)(at - 1);
            Buffer[1] = mediumType;
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(Buffer, (ushort)(at - 2));
            Buffer[2] = mediumType;
        }

        Reply(at, allocationByteCount);
    }

    private int AddPage(int at, byte wanted, byte page, ReadOnlySpan<byte> contents, bool asksForChangeable)
    {
        if (wanted != page && wanted != PageAll)
        {
            return 0;
        }

        Span<byte> target = Buffer.AsSpan(at, contents.Length);
        contents.CopyTo(target);
        if (asksForChangeable)
        {
            target[2..].Clear();
            if (page != PageCapabilities)
            {
                target[2..].Fill(0xff);
            }
        }
        else if (page == PageCapabilities)
        {
            target[6] = (byte)(target[6] | (_drive.IsLocked ? 2 : 0));
        }

        return contents.Length;
    }

    private void ModeSelect(ReadOnlySpan<byte> packet, int byteCount)
    {
        // Pages in the standard format; they cannot be saved.
        if ((packet[1] & 0x11) != 0x10 || byteCount > Buffer.Length)
        {
            FailPacket(SenseData.InvalidField);
            return;
        }

        if (byteCount == 0)
        {
            Succeed();
            return;
        }

        SendBuffer(_usesDma ? AtaProtocol.DmaOut : AtaProtocol.PioOut, byteCount);
    }

    private void EndModeSelect()
    {
        ReadOnlySpan<byte> list = Buffer.AsSpan(0, (int)Transferred);
        int headerByteCount = _opcode == AtapiOpcode.ModeSelect6 ? 4 : 8;
        if (list.Length < headerByteCount)
        {
            FailPacket(SenseData.ParameterListLength);
            return;
        }

        int descriptorByteCount = headerByteCount == 4 ? list[3] : BinaryPrimitives.ReadUInt16BigEndian(list[6..]);
        if (headerByteCount + descriptorByteCount > list.Length)
        {
            FailPacket(SenseData.ParameterListLength);
            return;
        }

        for (ReadOnlySpan<byte> rest = list[(headerByteCount + descriptorByteCount)..]; !rest.IsEmpty;)
        {
            int pageByteCount = rest.Length < 2 ? int.MaxValue : rest[1] + 2;
            Span<byte> target = (rest[0] & 0x3f) switch
            {
                PageErrorRecovery => _errorRecoveryPage,
                PageAudio => _audioPage,
                _ => default,
            };
            if (pageByteCount > rest.Length || target.Length != pageByteCount)
            {
                FailPacket(pageByteCount > rest.Length ? SenseData.ParameterListLength : SenseData.InvalidParameterField);
                return;
            }

            rest[2..pageByteCount].CopyTo(target[2..]);
            rest = rest[pageByteCount..];
        }

        Succeed();
    }

    // MMC-5, 6.43: the tray. Spinning up and down needs nothing done.
    private void StartStopUnit(byte action)
    {
        if ((action & 2) == 0)
        {
            Succeed();
            return;
        }

        bool opens = (action & 1) == 0;
        if (opens && _drive.IsLocked)
        {
            FailPacket(SenseData.RemovalPrevented);
            return;
        }

        _drive.MoveTray(opens);
        NoticeChanges();
        Succeed();
    }

    // MMC-5, 6.6.
    private void GetConfiguration(ReadOnlySpan<byte> packet)
    {
        int type = packet[1] & 3;
        ushort start = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (type == 3)
        {
            FailPacket(SenseData.InvalidField);
            return;
        }

        ushort current = !IsReady ? (ushort)0 : IsCd ? ProfileCdRom : ProfileDvdRom;
        int at = 8;
        Array.Clear(Buffer, 0, 8);
        BinaryPrimitives.WriteUInt16BigEndian(Buffer.AsSpan(6), current);
        // The profile list first; then version and persistence in one byte, and the feature's own data.
        AddFeature(ref at, 0x0000, 0x03, [0x00, 0x10, (byte)(current == ProfileDvdRom ? 1 : 0), 0, 0x00, 0x08, (byte)(current == ProfileCdRom ? 1 : 0), 0], type, start);
        AddFeature(ref at, 0x0001, 0x0b, [0, 0, 0, 2, 1, 0, 0, 0], type, start);            // core: ATAPI
        AddFeature(ref at, 0x0002, 0x07, [0, 0, 0, 0], type, start);                        // morphing: events are polled
        AddFeature(ref at, 0x0003, 0x03, [0x29, 0, 0, 0], type, start);                     // removable medium: tray, eject, lock
        byte isReadable = current != 0 ? (byte)1 : (byte)0;
        AddFeature(ref at, 0x0010, isReadable, [0, 0, 8, 0, 0, 1, 0, 0], type, start);      // random readable: blocks of 2048 bytes
        AddFeature(ref at, 0x001d, isReadable, [], type, start);                            // multi-read
        AddFeature(ref at, 0x001e, (byte)(0x08 | (current == ProfileCdRom ? 1 : 0)), [0, 0, 0, 0], type, start);
        AddFeature(ref at, 0x001f, (byte)(0x04 | (current == ProfileDvdRom ? 1 : 0)), [0, 0, 0, 0], type, start);
        AddFeature(ref at, 0x0100, 0x03, [], type, start);                                  // power management
        AddFeature(ref at, 0x0105, 0x03, [], type, start);                                  // timeout
        BinaryPrimitives.WriteUInt32BigEndian(Buffer, (uint)(at - 4));
        Reply(at, BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
    }

    private void AddFeature(ref int at, ushort feature, byte flags, ReadOnlySpan<byte> data, int type, ushort start)
    {
        bool isCurrent = (flags & 1) != 0;
        bool isWanted = type == 2 ? feature == start : feature >= start && (type == 0 || isCurrent);
        if (!isWanted)
        {
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(Buffer.AsSpan(at), feature);
        Buffer[at + 2] = flags;
        Buffer[at + 3] = (byte)data.Length;
        data.CopyTo(Buffer.AsSpan(at + 4));
        at += 4 + data.Length;
    }

    // MMC-5, 6.7: of the classes there is only that of the medium.
    private void GetEventStatusNotification(ReadOnlySpan<byte> packet)
    {
        if ((packet[1] & 1) == 0)
        {
            // Telling later needs overlapped commands.
            FailPacket(SenseData.InvalidField);
            return;
        }

        const byte MediaClass = 4;
        Span<byte> reply = Buffer.AsSpan(0, 8);
        reply.Clear();
        reply[3] = 1 << MediaClass;
        int byteCount = 4;
        if ((packet[4] & (1 << MediaClass)) != 0)
        {
            byteCount = 8;
            reply[1] = 6;
            reply[2] = MediaClass;
            reply[4] = (byte)_event;
            reply[5] = (byte)((_drive.IsTrayOpen ? 1 : 0) | (IsReady ? 2 : 0));
            _event = MediaEvent.None;
        }
        else
        {
            reply[1] = 2;
            reply[2] = 0x80;
        }

        Reply(byteCount, BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
    }

    // MMC-5, 6.12: no changer.
    private void MechanismStatus(int allocationByteCount)
    {
        Span<byte> reply = Buffer.AsSpan(0, 8);
        reply.Clear();
        reply[1] = _drive.IsTrayOpen ? (byte)0x10 : (byte)0;
        Reply(8, allocationByteCount);
    }
}
