using System;
using System.Buffers.Binary;
using Sosia.Images;

namespace Sosia.Devices.Ata;

/// <content>Addresses, and the commands that move sectors.</content>
internal sealed partial class AtaDisk
{
    private const int MaxTrimBlocks = 8;
    private const int TrimEntryByteCount = 8;

    private bool _isExtended;

    // The data must be durable when the command ends.
    private bool _isForcedUnit;

    /// <inheritdoc/>
    public override void BeginBlock()
    {
        if (IsMediumTransfer)
        {
            int sectors = UsesMultiple(Command) ? _multiple : 1;
            BlockByteCount = (int)Math.Min(Remaining, (ulong)(sectors * SectorByteCount));
        }
    }

    /// <inheritdoc/>
    public override BlockResult EndData()
    {
        if (Command == AtaCommand.DataSetManagement)
        {
            return Trim();
        }

        if (IsMediumTransfer)
        {
            bool isWrite = Protocol is AtaProtocol.PioOut or AtaProtocol.DmaOut;
            if (isWrite && (_isForcedUnit || !_writeCache))
            {
                BlockResult result = Drive.Flush();
                if (result == BlockResult.Stopped)
                {
                    return result;
                }

                if (result != BlockResult.Ok)
                {
                    FailData(result);
                    return BlockResult.Ok;
                }
            }

            SetAddress(_lastSector);
            Registers.Count = 0;
        }

        Succeed();
        return BlockResult.Ok;
    }

    /// <summary>Begins a queued command of serial ATA (SATA 2.6, 13.6), whose registers have a layout of their own.</summary>
    /// <param name="isWrite">WRITE FPDMA QUEUED instead of READ FPDMA QUEUED.</param>
    /// <param name="sector">The first sector.</param>
    /// <param name="count">How many; 0 for 65536.</param>
    /// <param name="isForcedUnit">True when the data must be durable at the end.</param>
    public void ExecuteQueued(bool isWrite, ulong sector, ushort count, bool isForcedUnit)
    {
        _ = Execute(isWrite ? AtaCommand.WriteFpdmaQueued : AtaCommand.ReadFpdmaQueued);
        _isExtended = true;
        _isForcedUnit = isForcedUnit;
        Registers.Device |= AtaRegisters.DeviceLba;
        SetAddress(sector);
        Begin(isWrite ? AtaProtocol.DmaOut : AtaProtocol.DmaIn, sector, count == 0 ? 0x1_0000u : count);
    }

    private static bool UsesMultiple(byte command)
        => command is AtaCommand.ReadMultiple or AtaCommand.ReadMultipleExt or AtaCommand.WriteMultiple or AtaCommand.WriteMultipleExt or AtaCommand.WriteMultipleFuaExt;

    private BlockResult TransferCommand(byte command)
    {
        AtaProtocol protocol;
        bool isExtended = false;
        switch (command)
        {
            case AtaCommand.ReadSectors or AtaCommand.ReadSectorsWithoutRetry or AtaCommand.ReadMultiple:
                protocol = AtaProtocol.PioIn;
                break;
            case AtaCommand.ReadSectorsExt or AtaCommand.ReadMultipleExt:
                protocol = AtaProtocol.PioIn;
                isExtended = true;
                break;
            case AtaCommand.WriteSectors or AtaCommand.WriteSectorsWithoutRetry or AtaCommand.WriteMultiple or AtaCommand.WriteVerify:
                protocol = AtaProtocol.PioOut;
                break;
            case AtaCommand.WriteSectorsExt or AtaCommand.WriteMultipleExt or AtaCommand.WriteMultipleFuaExt:
                protocol = AtaProtocol.PioOut;
                isExtended = true;
                break;
            case AtaCommand.ReadDma or AtaCommand.ReadDmaWithoutRetry:
                protocol = AtaProtocol.DmaIn;
                break;
            case AtaCommand.ReadDmaExt:
                protocol = AtaProtocol.DmaIn;
                isExtended = true;
                break;
            case AtaCommand.WriteDma or AtaCommand.WriteDmaWithoutRetry:
                protocol = AtaProtocol.DmaOut;
                break;
            case AtaCommand.WriteDmaExt or AtaCommand.WriteDmaFuaExt:
                protocol = AtaProtocol.DmaOut;
                isExtended = true;
                break;
            default:
                // Queued commands come through ExecuteQueued, which fills in the rest.
                if (command is not (AtaCommand.ReadFpdmaQueued or AtaCommand.WriteFpdmaQueued))
                {
                    Fail(AtaError.Aborted);
                }

                return BlockResult.Ok;
        }

        if (UsesMultiple(command) && _multiple == 0)
        {
            Fail(AtaError.Aborted);
            return BlockResult.Ok;
        }

        _isExtended = isExtended;
        _isForcedUnit = command is AtaCommand.WriteDmaFuaExt or AtaCommand.WriteMultipleFuaExt or AtaCommand.WriteVerify;
        if (!TryReadAddress(isExtended, out ulong sector))
        {
            Fail(AtaError.IdNotFound);
            return BlockResult.Ok;
        }

        Begin(protocol, sector, SectorCountOf(isExtended));
        return BlockResult.Ok;
    }

    private void Begin(AtaProtocol protocol, ulong sector, ulong count)
    {
        if (count > _sectorCount || sector > _sectorCount - count)
        {
            Fail(AtaError.IdNotFound);
            return;
        }

        bool isWrite = protocol is AtaProtocol.PioOut or AtaProtocol.DmaOut;
        if (isWrite && Drive.IsReadOnly)
        {
            // ATA disks have no write protection: to the host this is a disk that cannot write any more.
            Fail(AtaError.Aborted);
            return;
        }

        WakeMedium();
        Protocol = protocol;
        IsMediumTransfer = true;
        MediumPosition = sector * SectorByteCount;
        Remaining = count * SectorByteCount;
        _lastSector = sector + count - 1;
    }

    private ulong SectorCountOf(bool isExtended)
        => isExtended
            ? (Registers.Count == 0 ? 0x1_0000u : Registers.Count)
            : ((Registers.Count & 0xff) == 0 ? 0x100u : (uint)(Registers.Count & 0xff));

    // False for a CHS address that the geometry does not have.
    private bool TryReadAddress(bool isExtended, out ulong sector)
    {
        uint low = (uint)((Registers.LbaLow & 0xff) | ((Registers.LbaMid & 0xff) << 8) | ((Registers.LbaHigh & 0xff) << 16));
        if (isExtended)
        {
            sector = low | ((ulong)(Registers.LbaLow >> 8) << 24) | ((ulong)(Registers.LbaMid >> 8) << 32) | ((ulong)(Registers.LbaHigh >> 8) << 40);
            return true;
        }

        int head = Registers.Device & 15;
        if ((Registers.Device & AtaRegisters.DeviceLba) != 0)
        {
            sector = low | ((ulong)head << 24);
            return true;
        }

        int sectorNumber = (int)(low & 0xff);
        sector = ((((ulong)(low >> 8) * (ulong)_heads) + (ulong)head) * (ulong)_sectorsPerTrack) + (ulong)sectorNumber - 1;
        return sectorNumber != 0 && sectorNumber <= _sectorsPerTrack && head < _heads;
    }

    private void SetAddress(ulong sector)
    {
        if (_isExtended)
        {
            Registers.LbaLow = (ushort)((sector & 0xff) | (((sector >> 24) & 0xff) << 8));
            Registers.LbaMid = (ushort)(((sector >> 8) & 0xff) | (((sector >> 32) & 0xff) << 8));
            Registers.LbaHigh = (ushort)(((sector >> 16) & 0xff) | (((sector >> 40) & 0xff) << 8));
            return;
        }

        ulong top;
        ulong low;
        if ((Registers.Device & AtaRegisters.DeviceLba) != 0)
        {
            low = sector & 0xff_ffff;
            top = sector >> 24;
        }
        else
        {
            ulong track = sector / (ulong)_sectorsPerTrack;
            low = ((sector % (ulong)_sectorsPerTrack) + 1) | ((track / (ulong)_heads) << 8);
            top = track % (ulong)_heads;
        }

        Registers.LbaLow = (byte)low;
        Registers.LbaMid = (byte)(low >> 8);
        Registers.LbaHigh = (byte)(low >> 16);
        Registers.Device = (byte)((Registers.Device & 0xf0) | (int)(top & 15));
    }

    // TRIM (ATA8-ACS-2, 7.10): the data are ranges of 48-bit addresses and 16-bit counts.
    private BlockResult DataSetManagement()
    {
        int blocks = Registers.Count;
        if ((Registers.Features & 0xff) != 1 || blocks is 0 or > MaxTrimBlocks || Drive.IsReadOnly)
        {
            Fail(AtaError.Aborted);
            return BlockResult.Ok;
        }

        SendBuffer(AtaProtocol.DmaOut, blocks * SectorByteCount);
        return BlockResult.Ok;
    }

    private BlockResult Trim()
    {
        for (int at = 0; at < (int)Transferred; at += TrimEntryByteCount)
        {
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(Buffer.AsSpan(at));
            ulong sector = entry & 0xffff_ffff_ffff;
            ulong count = entry >> 48;
            if (count == 0)
            {
                continue;
            }

            if (count > _sectorCount || sector > _sectorCount - count)
            {
                Fail(AtaError.IdNotFound);
                return BlockResult.Ok;
            }

            BlockResult result = Drive.Discard(sector * SectorByteCount, count * SectorByteCount);
            if (result == BlockResult.Stopped)
            {
                return result;
            }

            if (result != BlockResult.Ok)
            {
                Fail(AtaError.Aborted);
                return BlockResult.Ok;
            }
        }

        Succeed();
        return BlockResult.Ok;
    }
}
