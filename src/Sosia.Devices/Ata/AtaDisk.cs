using System;
using Sosia.Core.Snapshots;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Ata;

/// <summary>A hard disk (ATA/ATAPI-6, with TRIM of ATA8-ACS-2). Geometry, settings and the commands that move no data.</summary>
internal sealed partial class AtaDisk : AtaDevice
{
    /// <summary>The most sectors per block of READ and WRITE MULTIPLE.</summary>
    public const int MaxMultiple = 16;

    private const int Heads = 16;
    private const int SectorsPerTrack = 63;
    private const int MaxCylinders = 16383;
    private const ulong MaxSectors28 = 0xfff_ffff;

    private readonly string _serial;
    private readonly bool _isSerial;

    // The host may choose another geometry for CHS addresses, and a smaller disk.
    private int _heads;
    private int _sectorsPerTrack;
    private ulong _sectorCount;
    private int _multiple;
    private byte _transferMode;
    private bool _writeCache;
    private bool _readLookAhead;
    private bool _isSmartEnabled;
    private bool _isSmartAutosaved;
    private ulong _lastSector;

    /// <summary>Creates a disk in its power-on state.</summary>
    /// <param name="drive">Its contents.</param>
    /// <param name="serial">Its serial number, at most 20 ASCII characters.</param>
    /// <param name="isSerialAta">True for a serial ATA disk, which queues commands.</param>
    public AtaDisk(BlockDrive drive, string serial, bool isSerialAta)
        : base(drive, MaxTrimBlocks * SectorByteCount)
    {
        _serial = serial;
        _isSerial = isSerialAta;
        PowerOn();
    }

    /// <inheritdoc/>
    public override bool IsPacketDevice => false;

    /// <summary>Cylinders of the default geometry.</summary>
    public int Cylinders => (int)Math.Min(Drive.SectorCount / (Heads * SectorsPerTrack), MaxCylinders);

    /// <inheritdoc/>
    public override void PowerOn()
    {
        _sectorCount = Drive.SectorCount;
        _isSmartEnabled = true;
        _isSmartAutosaved = true;
        Reset(isHardware: true);
    }

    /// <inheritdoc/>
    public override void Reset(bool isHardware)
    {
        base.Reset(isHardware);
        if (isHardware)
        {
            _heads = Heads;
            _sectorsPerTrack = SectorsPerTrack;
            _multiple = MaxMultiple;
            _transferMode = 0;
            _writeCache = true;
            _readLookAhead = true;
        }
    }

    /// <inheritdoc/>
    public override void FailData(BlockResult result)
    {
        // The registers name the first sector that did not move.
        SetAddress(MediumPosition / SectorByteCount);
        Fail(Protocol is AtaProtocol.PioIn or AtaProtocol.DmaIn ? AtaError.Uncorrectable : AtaError.Aborted);
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer, string prefix)
    {
        base.Save(writer, prefix);
        writer.Write(prefix + "heads", _heads);
        writer.Write(prefix + "sectorsPerTrack", _sectorsPerTrack);
        writer.Write(prefix + "sectorCount", _sectorCount);
        writer.Write(prefix + "multiple", _multiple);
        writer.Write(prefix + "transferMode", _transferMode);
        writer.Write(prefix + "writeCache", _writeCache);
        writer.Write(prefix + "readLookAhead", _readLookAhead);
        writer.Write(prefix + "smart", _isSmartEnabled);
        writer.Write(prefix + "smartAutosave", _isSmartAutosaved);
        writer.Write(prefix + "lastSector", _lastSector);
        writer.Write(prefix + "isExtended", _isExtended);
        writer.Write(prefix + "isForcedUnit", _isForcedUnit);
        writer.Write(prefix + "queuedErrorLog", QueuedErrorLog);
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader, string prefix)
    {
        base.Restore(reader, prefix);
        _heads = Math.Clamp(reader.ReadInt32(prefix + "heads"), 1, 16);
        _sectorsPerTrack = Math.Clamp(reader.ReadInt32(prefix + "sectorsPerTrack"), 1, 255);
        _sectorCount = Math.Min(reader.ReadUInt64(prefix + "sectorCount"), Drive.SectorCount);
        _multiple = Math.Clamp(reader.ReadInt32(prefix + "multiple"), 0, MaxMultiple);
        _transferMode = reader.ReadByte(prefix + "transferMode");
        _writeCache = reader.ReadBoolean(prefix + "writeCache");
        _readLookAhead = reader.ReadBoolean(prefix + "readLookAhead");
        _isSmartEnabled = reader.ReadBoolean(prefix + "smart");
        _isSmartAutosaved = reader.ReadBoolean(prefix + "smartAutosave");
        _lastSector = reader.ReadUInt64(prefix + "lastSector");
        _isExtended = reader.ReadBoolean(prefix + "isExtended");
        _isForcedUnit = reader.ReadBoolean(prefix + "isForcedUnit");
        reader.ReadBytes(prefix + "queuedErrorLog", QueuedErrorLog);
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
            case AtaCommand.IdentifyDevice:
                Identify();
                SendBuffer(AtaProtocol.PioIn, SectorByteCount);
                return BlockResult.Ok;
            case AtaCommand.SetFeatures:
                return SetFeatures();
            case AtaCommand.FlushCache or AtaCommand.FlushCacheExt:
                return Flush();
            case >= AtaCommand.Recalibrate and <= AtaCommand.Recalibrate + 15:
                Succeed();
                return BlockResult.Ok;
            case >= AtaCommand.Seek and <= AtaCommand.Seek + 15:
                return SeekOrVerify(isExtended: false, isSeek: true);
            case AtaCommand.ReadVerify or AtaCommand.ReadVerifyWithoutRetry:
                return SeekOrVerify(isExtended: false, isSeek: false);
            case AtaCommand.ReadVerifyExt:
                return SeekOrVerify(isExtended: true, isSeek: false);
            case AtaCommand.InitializeDeviceParameters:
                return InitializeDeviceParameters();
            case AtaCommand.SetMultiple:
                return SetMultiple();
            case AtaCommand.ReadNativeMax or AtaCommand.ReadNativeMaxExt:
                return ReadNativeMax(command == AtaCommand.ReadNativeMaxExt);
            case AtaCommand.SetMax or AtaCommand.SetMaxExt:
                return SetMax(command == AtaCommand.SetMaxExt);
            case AtaCommand.Smart:
                return Smart();
            case AtaCommand.ReadLogExt or AtaCommand.ReadLogDmaExt:
                return ReadLog(command == AtaCommand.ReadLogDmaExt);
            case AtaCommand.ReadBuffer:
                SendBuffer(AtaProtocol.PioIn, SectorByteCount);
                return BlockResult.Ok;
            case AtaCommand.WriteBuffer:
                SendBuffer(AtaProtocol.PioOut, SectorByteCount);
                return BlockResult.Ok;
            case AtaCommand.DataSetManagement:
                return DataSetManagement();
            case AtaCommand.IdentifyPacketDevice or AtaCommand.Packet or AtaCommand.DeviceReset:
                Fail(AtaError.Aborted);
                return BlockResult.Ok;
            default:
                return TransferCommand(command);
        }
    }

    private BlockResult Flush()
    {
        BlockResult result = Drive.Flush();
        if (result == BlockResult.Stopped)
        {
            return result;
        }

        if (result == BlockResult.Ok)
        {
            Succeed();
        }
        else
        {
            Fail(AtaError.Aborted);
            Registers.Status |= AtaStatus.DeviceFault;
        }

        return BlockResult.Ok;
    }

    private BlockResult SetFeatures()
    {
        switch (Registers.Features & 0xff)
        {
            case 0x02:
                _writeCache = true;
                break;
            case 0x82:
                // What is in the cache must be on the medium when this ends.
                BlockResult result = Flush();
                if (result != BlockResult.Ok)
                {
                    return result;
                }

                _writeCache = false;
                return BlockResult.Ok;
            case 0x03 when IsTransferMode((byte)Registers.Count):
                _transferMode = (byte)Registers.Count;
                break;
            case 0xaa:
                _readLookAhead = true;
                break;
            case 0x55:
                _readLookAhead = false;
                break;
            case 0x05 or 0x85 or 0x42 or 0xc2 or 0x66 or 0xcc or 0x10 or 0x90:
                // Power and acoustic management levels, and what becomes of settings at a reset: accepted, as there is nothing to change.
                break;
            default:
                Fail(AtaError.Aborted);
                return BlockResult.Ok;
        }

        Succeed();
        return BlockResult.Ok;
    }

    // PIO default, PIO flow control 0 to 4, multiword DMA 0 to 2, Ultra DMA 0 to 5 (ATA/ATAPI-6, table 44).
    private static bool IsTransferMode(byte mode) => mode is 0 or 1 or (>= 0x08 and <= 0x0c) or (>= 0x20 and <= 0x22) or (>= 0x40 and <= 0x45);

    private BlockResult InitializeDeviceParameters()
    {
        int sectors = Registers.Count & 0xff;
        if (sectors == 0)
        {
            Fail(AtaError.Aborted);
            return BlockResult.Ok;
        }

        _sectorsPerTrack = sectors;
        _heads = (Registers.Device & 15) + 1;
        Succeed();
        return BlockResult.Ok;
    }

    private BlockResult SetMultiple()
    {
        int count = Registers.Count & 0xff;
        if (count > MaxMultiple || (count & (count - 1)) != 0)
        {
            Fail(AtaError.Aborted);
            return BlockResult.Ok;
        }

        _multiple = count;
        Succeed();
        return BlockResult.Ok;
    }

    private BlockResult ReadNativeMax(bool isExtended)
    {
        ulong last = Drive.SectorCount - 1;
        _isExtended = isExtended;
        Registers.Device |= AtaRegisters.DeviceLba;
        SetAddress(isExtended ? last : Math.Min(last, MaxSectors28 - 1));
        Succeed();
        return BlockResult.Ok;
    }

    private BlockResult SetMax(bool isExtended)
    {
        if (!TryReadAddress(isExtended, out ulong last) || last >= Drive.SectorCount || (!isExtended && (Registers.Features & 0xff) != 0))
        {
            Fail(AtaError.Aborted);
            return BlockResult.Ok;
        }

        _sectorCount = last + 1;
        Succeed();
        return BlockResult.Ok;
    }

    private BlockResult SeekOrVerify(bool isExtended, bool isSeek)
    {
        ulong count = isSeek ? 1 : SectorCountOf(isExtended);
        if (!TryReadAddress(isExtended, out ulong sector) || count > _sectorCount || sector > _sectorCount - count)
        {
            Fail(AtaError.IdNotFound);
            return BlockResult.Ok;
        }

        if (!isSeek)
        {
            WakeMedium();
        }

        Succeed();
        return BlockResult.Ok;
    }
}
