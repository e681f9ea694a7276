using System;
using System.Buffers.Binary;
using Sosia.Core;
using Sosia.Core.Snapshots;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Ata;

/// <summary>
/// A CD/DVD-ROM drive with the packet interface (ATA/ATAPI-6, 9.8; MMC-5). Here: the ATA side, sense data and the dispatch of packets.
/// </summary>
internal sealed partial class AtapiDevice : AtaDevice
{
    /// <summary>Bytes of a command packet.</summary>
    public const int PacketByteCount = 12;

    private const int BufferByteCount = 4096;
    private const byte ReasonCommand = 1;
    private const byte ReasonIn = 2;

    private readonly RemovableDrive _drive;
    private readonly string _serial;

    private SenseData _sense;
    private bool _wasReset;
    private bool _mediumChanged;
    private long _knownChangeCount;
    private MediaEvent _event;
    private byte _opcode;
    private bool _usesDma;
    private ushort _byteCountLimit;
    private byte _transferMode;

    /// <summary>Creates a drive in its power-on state.</summary>
    /// <param name="drive">Its medium.</param>
    /// <param name="serial">Its serial number, at most 20 ASCII characters.</param>
    public AtapiDevice(RemovableDrive drive, string serial)
        : base(drive, BufferByteCount)
    {
        _drive = drive;
        _serial = serial;
        PowerOn();
    }

    // What GET EVENT STATUS NOTIFICATION tells of (MMC-5, table 186).
    private enum MediaEvent : byte
    {
        None = 0,
        EjectRequest = 1,
        NewMedia = 2,
        MediaRemoval = 3,
    }

    /// <inheritdoc/>
    public override bool IsPacketDevice => true;

    private bool IsReady => _drive.HasMedium && !_drive.IsTrayOpen;

    private uint BlockCount => (uint)Math.Min(_drive.ByteCount / CdAddress.DataByteCount, uint.MaxValue - 1);

    /// <inheritdoc/>
    public override void PowerOn()
    {
        _drive.IsLocked = false;
        _drive.IsTrayOpen = false;
        _knownChangeCount = _drive.ChangeCount;
        _mediumChanged = false;
        _event = MediaEvent.None;
        Reset(isHardware: true);
    }

    /// <inheritdoc/>
    public override void Reset(bool isHardware)
    {
        base.Reset(isHardware);
        _sense = SenseData.None;
        if (isHardware)
        {
            _wasReset = true;
            _transferMode = 0;
            _drive.IsLocked = false;
            ResetModePages();
        }
    }

    /// <inheritdoc/>
    public override void SetSignature()
    {
        base.SetSignature();
        Registers.LbaMid = 0x14;
        Registers.LbaHigh = 0xeb;
    }

    /// <inheritdoc/>
    public override void BeginBlock()
    {
        if (Command != AtaCommand.Packet)
        {
            return;
        }

        if (Protocol == AtaProtocol.Packet)
        {
            BlockByteCount = PacketByteCount;
            SetReason(ReasonCommand);
            return;
        }

        // A block that is not the last one has an even number of bytes (ATA/ATAPI-6, 8.23).
        BlockByteCount = (int)Math.Min(Remaining, (ulong)(_byteCountLimit & ~1));
        if (Remaining == 1)
        {
            BlockByteCount = 1;
        }

        Registers.ByteCountLimit = (ushort)BlockByteCount;
        SetReason(Protocol == AtaProtocol.PioIn ? ReasonIn : (byte)0);
    }

    /// <inheritdoc/>
    public override void FailData(BlockResult result) => FailPacket(result == BlockResult.NoMedium ? NotReadySense() : SenseData.UnrecoveredReadError);

    /// <inheritdoc/>
    public override BlockResult EndData()
    {
        if (Command == AtaCommand.Packet && Protocol is AtaProtocol.PioOut or AtaProtocol.DmaOut)
        {
            EndModeSelect();
            return BlockResult.Ok;
        }

        return base.EndData();
    }

    /// <inheritdoc/>
    public override BlockResult ExecutePacket(ReadOnlySpan<byte> packet)
    {
        Protocol = AtaProtocol.Done;
        Remaining = 0;
        _opcode = packet[0];
        NoticeChanges();
        // INQUIRY, REQUEST SENSE and GET EVENT STATUS NOTIFICATION neither report nor clear a unit attention (SPC-3, 5.8.2; MMC-5, 4.1.6.2).
        bool reportsAttention = _opcode is not (AtapiOpcode.Inquiry or AtapiOpcode.RequestSense or AtapiOpcode.GetEventStatusNotification);
        if (reportsAttention && TakeUnitAttention() is { Key: not 0 } attention)
        {
            FailPacket(attention);
            return BlockResult.Ok;
        }

        if (_opcode != AtapiOpcode.RequestSense)
        {
            _sense = SenseData.None;
        }

        Dispatch(packet);
        if (Protocol is AtaProtocol.PioIn or AtaProtocol.PioOut && _byteCountLimit < 2)
        {
            Remaining = 0;
            Fail(AtaError.Aborted);
        }

        return BlockResult.Ok;
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer, string prefix)
    {
        base.Save(writer, prefix);
        writer.Write(prefix + "senseKey", _sense.Key);
        writer.Write(prefix + "senseCode", _sense.Code);
        writer.Write(prefix + "wasReset", _wasReset);
        writer.Write(prefix + "mediumChanged", _mediumChanged);
        writer.Write(prefix + "knownChangeCount", _knownChangeCount);
        writer.Write(prefix + "event", (long)_event);
        writer.Write(prefix + "opcode", _opcode);
        writer.Write(prefix + "usesDma", _usesDma);
        writer.Write(prefix + "byteCountLimit", _byteCountLimit);
        writer.Write(prefix + "transferMode", _transferMode);
        writer.Write(prefix + "firstBlock", _firstBlock);
        writer.Write(prefix + "rawParts", _rawParts);
        writer.Write(prefix + "errorRecoveryPage", _errorRecoveryPage);
        writer.Write(prefix + "audioPage", _audioPage);
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader, string prefix)
    {
        base.Restore(reader, prefix);
        _sense = new SenseData(reader.ReadByte(prefix + "senseKey"), reader.ReadUInt16(prefix + "senseCode"));
        _wasReset = reader.ReadBoolean(prefix + "wasReset");
        _mediumChanged = reader.ReadBoolean(prefix + "mediumChanged");
        _knownChangeCount = reader.ReadInt64(prefix + "knownChangeCount");
        _event = (MediaEvent)(reader.ReadByte(prefix + "event") & 3);
        _opcode = reader.ReadByte(prefix + "opcode");
        _usesDma = reader.ReadBoolean(prefix + "usesDma");
        _byteCountLimit = reader.ReadUInt16(prefix + "byteCountLimit");
        _transferMode = reader.ReadByte(prefix + "transferMode");
        _firstBlock = reader.ReadUInt32(prefix + "firstBlock");
        _rawParts = reader.ReadByte(prefix + "rawParts");
        reader.ReadBytes(prefix + "errorRecoveryPage", _errorRecoveryPage);
        reader.ReadBytes(prefix + "audioPage", _audioPage);
        if (Protocol is AtaProtocol.PioIn or AtaProtocol.PioOut && Command == AtaCommand.Packet && _byteCountLimit < 2)
        {
            throw new SosiaException($"The snapshot's drive '{Drive.Name}' is damaged: its byte count limit is {_byteCountLimit}.");
        }
    }

    /// <inheritdoc/>
    protected override BlockResult ExecuteCommand(byte command)
    {
        if (ExecutePowerCommand(command) is { } power)
        {
            return power;
        }

        switch (command)
        {
            case AtaCommand.Packet:
                return BeginPacket();
            case AtaCommand.IdentifyPacketDevice:
                IdentifyPacketDevice();
                SendBuffer(AtaProtocol.PioIn, SectorByteCount);
                return BlockResult.Ok;
            case AtaCommand.SetFeatures when (Registers.Features & 0xff) == 3:
                _transferMode = (byte)Registers.Count;
                Succeed();
                return BlockResult.Ok;
            case AtaCommand.SetFeatures when (Registers.Features & 0xff) is 0x5d or 0xdd or 0x66 or 0xcc:
                // Release and service interrupts belong to overlapped commands, which the drive does not have; nor settings to revert.
                Succeed();
                return BlockResult.Ok;
            case AtaCommand.IdentifyDevice or AtaCommand.ReadSectors:
                // This is how hosts tell packet devices (ATA/ATAPI-6, 8.15.5.2).
                SetSignature();
                break;
        }

        Fail(AtaError.Aborted);
        return BlockResult.Ok;
    }

    /// <inheritdoc/>
    protected override void Succeed()
    {
        base.Succeed();
        if (Command == AtaCommand.Packet)
        {
            SetReason(ReasonCommand | ReasonIn);
        }

        Registers.Status = Command == AtaCommand.Packet ? AtaStatus.Ready : (byte)(AtaStatus.Ready | AtaStatus.SeekComplete);
    }

    /// <inheritdoc/>
    protected override void Fail(byte error)
    {
        base.Fail(error);
        if (Command == AtaCommand.Packet)
        {
            SetReason(ReasonCommand | ReasonIn);
        }

        Registers.Status = AtaStatus.Ready | AtaStatus.Error;
    }

    private BlockResult BeginPacket()
    {
        // Overlapped commands (bit 1) are not offered.
        if ((Registers.Features & 2) != 0)
        {
            Fail(AtaError.Aborted);
            return BlockResult.Ok;
        }

        _usesDma = (Registers.Features & 1) != 0;
        _byteCountLimit = Registers.ByteCountLimit == 0xffff ? (ushort)0xfffe : Registers.ByteCountLimit;
        Protocol = AtaProtocol.Packet;
        BlockByteCount = PacketByteCount;
        return BlockResult.Ok;
    }

    private void SetReason(byte reason) => Registers.Count = reason;

    private void FailPacket(SenseData sense)
    {
        _sense = sense;
        Fail((byte)((sense.Key << 4) | AtaError.Aborted));
    }

    private SenseData NotReadySense() => _drive.IsTrayOpen ? SenseData.NotReadyTrayOpen : SenseData.NotReadyNoMedium;

    // A change of the medium is noticed when the host asks for something.
    private void NoticeChanges()
    {
        if (_drive.WasEjectRequested)
        {
            _drive.WasEjectRequested = false;
            _event = MediaEvent.EjectRequest;
        }

        long count = _drive.ChangeCount;
        if (count == _knownChangeCount)
        {
            return;
        }

        _knownChangeCount = count;
        if (IsReady)
        {
            _mediumChanged = true;
            _event = MediaEvent.NewMedia;
        }
        else
        {
            _event = MediaEvent.MediaRemoval;
        }
    }

    private SenseData TakeUnitAttention()
    {
        if (_wasReset)
        {
            _wasReset = false;
            return SenseData.PowerOnOrReset;
        }

        if (_mediumChanged)
        {
            _mediumChanged = false;
            return SenseData.MediumMayHaveChanged;
        }

        return SenseData.None;
    }

    private void Dispatch(ReadOnlySpan<byte> packet)
    {
        switch (_opcode)
        {
            case AtapiOpcode.RequestSense:
                RequestSense(packet[4]);
                break;
            case AtapiOpcode.Inquiry:
                Inquiry(packet);
                break;
            case AtapiOpcode.ModeSense6:
                ModeSense(packet, headerByteCount: 4, packet[4]);
                break;
            case AtapiOpcode.ModeSense10:
                ModeSense(packet, headerByteCount: 8, BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
                break;
            case AtapiOpcode.ModeSelect6:
                ModeSelect(packet, packet[4]);
                break;
            case AtapiOpcode.ModeSelect10:
                ModeSelect(packet, BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
                break;
            case AtapiOpcode.StartStopUnit:
                StartStopUnit(packet[4]);
                break;
            case AtapiOpcode.PreventAllowMediumRemoval:
                _drive.IsLocked = (packet[4] & 1) != 0;
                Succeed();
                break;
            case AtapiOpcode.GetConfiguration:
                GetConfiguration(packet);
                break;
            case AtapiOpcode.GetEventStatusNotification:
                GetEventStatusNotification(packet);
                break;
            case AtapiOpcode.MechanismStatus:
                MechanismStatus(BinaryPrimitives.ReadUInt16BigEndian(packet[8..]));
                break;
            case AtapiOpcode.SetCdSpeed:
                Succeed();
                break;
            default:
                DispatchMediumCommand(packet);
                break;
        }
    }

    private void DispatchMediumCommand(ReadOnlySpan<byte> packet)
    {
        if (!IsMediumCommand(_opcode))
        {
            FailPacket(SenseData.InvalidOpcode);
            return;
        }

        if (!IsReady)
        {
            FailPacket(NotReadySense());
            return;
        }

        WakeMedium();
        switch (_opcode)
        {
            case AtapiOpcode.TestUnitReady or AtapiOpcode.StopPlayScan:
                Succeed();
                break;
            case AtapiOpcode.ReadCapacity:
                ReadCapacity();
                break;
            case AtapiOpcode.Read10:
                Read(BinaryPrimitives.ReadUInt32BigEndian(packet[2..]), BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
                break;
            case AtapiOpcode.Read12:
                Read(BinaryPrimitives.ReadUInt32BigEndian(packet[2..]), BinaryPrimitives.ReadUInt32BigEndian(packet[6..]));
                break;
            case AtapiOpcode.ReadCd:
                ReadCd(packet, BinaryPrimitives.ReadUInt32BigEndian(packet[2..]), (uint)((packet[6] << 16) | (packet[7] << 8) | packet[8]));
                break;
            case AtapiOpcode.ReadCdMsf:
                ReadCdMsf(packet);
                break;
            case AtapiOpcode.Seek10:
                SeekOrVerify(BinaryPrimitives.ReadUInt32BigEndian(packet[2..]), 1);
                break;
            case AtapiOpcode.Verify10:
                SeekOrVerify(BinaryPrimitives.ReadUInt32BigEndian(packet[2..]), BinaryPrimitives.ReadUInt16BigEndian(packet[7..]));
                break;
            case AtapiOpcode.ReadTocPmaAtip:
                ReadToc(packet);
                break;
            case AtapiOpcode.ReadSubChannel:
                ReadSubChannel(packet);
                break;
            case AtapiOpcode.ReadDiscInformation:
                ReadDiscInformation(packet);
                break;
            case AtapiOpcode.ReadTrackInformation:
                ReadTrackInformation(packet);
                break;
            case AtapiOpcode.ReadDiscStructure:
                ReadDiscStructure(packet);
                break;
            case AtapiOpcode.PauseResume:
                FailPacket(SenseData.CommandSequence);
                break;
            default:
                // Audio on a data track.
                FailPacket(SenseData.IllegalModeForTrack);
                break;
        }
    }

    private static bool IsMediumCommand(byte opcode) => opcode is AtapiOpcode.TestUnitReady or AtapiOpcode.StopPlayScan or AtapiOpcode.ReadCapacity
        or AtapiOpcode.Read10 or AtapiOpcode.Read12 or AtapiOpcode.ReadCd or AtapiOpcode.ReadCdMsf or AtapiOpcode.Seek10 or AtapiOpcode.Verify10
        or AtapiOpcode.ReadTocPmaAtip or AtapiOpcode.ReadSubChannel or AtapiOpcode.ReadDiscInformation or AtapiOpcode.ReadTrackInformation
        or AtapiOpcode.ReadDiscStructure or AtapiOpcode.PauseResume or AtapiOpcode.PlayAudio10 or AtapiOpcode.PlayAudioMsf;

    // Sends the first bytes of a reply that is in the buffer; none at all is no error.
    private void Reply(int byteCount, int allocationByteCount)
    {
        int sent = Math.Min(byteCount, allocationByteCount);
        if (sent == 0)
        {
            Succeed();
            return;
        }

        SendBuffer(_usesDma ? AtaProtocol.DmaIn : AtaProtocol.PioIn, sent);
    }
}
