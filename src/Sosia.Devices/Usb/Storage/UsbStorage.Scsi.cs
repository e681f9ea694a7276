using System;
using System.Buffers.Binary;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Usb.Storage;

/// <content>The SCSI commands of a disk (SPC-4, SBC-3).</content>
public sealed partial class UsbStorage
{
    // Begins a command: what it moves is set up, or it has failed.
    private void Execute()
    {
        switch (_scsi[0])
        {
            case 0x00:              // TEST UNIT READY
                Succeed(_drive.HasMedium ? ScsiSense.None : ScsiSense.NoMedium);
                break;
            case 0x03:              // REQUEST SENSE
                int sense = _sense;
                Reply(ScsiReply.Sense(sense, Clean()), _scsi[4]);
                break;
            case 0x12:              // INQUIRY
                Reply(ScsiReply.Inquiry(_scsi, _serial, Clean()), UInt16(3));
                break;
            case 0x1a:              // MODE SENSE (6)
                Reply(ScsiReply.ModeSense(_scsi, _drive.IsReadOnly, Clean()), _scsi[4]);
                break;
            case 0x5a:              // MODE SENSE (10)
                Reply(ScsiReply.ModeSense(_scsi, _drive.IsReadOnly, Clean()), UInt16(7));
                break;
            case 0x23:              // READ FORMAT CAPACITIES
                Reply(ScsiReply.FormatCapacities(_drive.SectorCount, Clean()), UInt16(7));
                break;
            case 0x25:              // READ CAPACITY (10)
                Reply(ScsiReply.Capacity(isLong: false, _drive.SectorCount, Clean()), 8);
                break;
            case 0x9e when (_scsi[1] & 0x1f) == 0x10:   // READ CAPACITY (16)
                Reply(ScsiReply.Capacity(isLong: true, _drive.SectorCount, Clean()), UInt32(10));
                break;
            case 0xa0:              // REPORT LUNS: one, number 0
                Clean()[3] = 8;
                Reply(16, UInt32(6));
                break;
            case 0x1b or 0x1e or 0x2b:   // START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL, SEEK
                Succeed(ScsiSense.None);
                break;
            case 0x35 or 0x91:      // SYNCHRONIZE CACHE
                BlockResult flushed = _drive.Flush();
                Succeed(flushed == BlockResult.Ok ? ScsiSense.None : ScsiSense.WriteError);
                break;
            case 0x2f when (_scsi[1] & 2) == 0:         // VERIFY (10) of the medium alone
                Succeed(IsWithin(UInt32(2), UInt16(7)) ? ScsiSense.None : ScsiSense.OutOfRange);
                break;
            case 0x08:
                Move(isRead: true, UInt32(0) & 0x1f_ffff, _scsi[4] == 0 ? 256u : _scsi[4]);
                break;
            case 0x0a:
                Move(isRead: false, UInt32(0) & 0x1f_ffff, _scsi[4] == 0 ? 256u : _scsi[4]);
                break;
            case 0x28 or 0x2a or 0x2e:
                Move(_scsi[0] == 0x28, UInt32(2), UInt16(7));
                break;
            case 0xa8 or 0xaa:
                Move(_scsi[0] == 0xa8, UInt32(2), UInt32(6));
                break;
            case 0x88 or 0x8a:
                Move(_scsi[0] == 0x88, BinaryPrimitives.ReadUInt64BigEndian(_scsi.AsSpan(2)), UInt32(10));
                break;
            default:
                Fail(ScsiSense.UnknownCommand);
                break;
        }
    }

    private void Succeed(int sense)
    {
        if (sense != ScsiSense.None)
        {
            Fail(sense);
        }
        else
        {
            _sense = sense;
        }
    }

    private void Fail(int sense)
    {
        _sense = sense;
        _hasFailed = true;
        _commandLeft = 0;
    }

    private Span<byte> Clean()
    {
        Span<byte> reply = _buffer.AsSpan(0, 256);
        reply.Clear();
        return reply;
    }

    // An answer is in the buffer.
    private void Reply(int byteCount, uint allocated)
    {
        if (byteCount < 0)
        {
            Fail(ScsiSense.BadField);
            return;
        }

        _sense = ScsiSense.None;
        _bufferStart = 0;
        _bufferEnd = _isToHost ? (int)Math.Min((uint)byteCount, allocated) : 0;
    }

    private void Move(bool isRead, ulong sector, uint count)
    {
        if (!_drive.HasMedium)
        {
            Fail(ScsiSense.NoMedium);
        }
        else if (!IsWithin(sector, count))
        {
            Fail(ScsiSense.OutOfRange);
        }
        else if (!isRead && _drive.IsReadOnly)
        {
            Fail(ScsiSense.WriteProtected);
        }
        else if (count != 0 && _hostLeft != 0 && isRead != _isToHost)
        {
            // Host and command disagree on the direction (cases 8 and 10).
            Fail(ScsiSense.BadField);
        }
        else
        {
            _sense = ScsiSense.None;
            _movesMedium = true;
            _byteOffset = sector * BlockDrive.SectorByteCount;
            _commandLeft = (ulong)count * BlockDrive.SectorByteCount;
        }
    }

    private bool IsWithin(ulong sector, uint count) => sector <= _drive.SectorCount && count <= _drive.SectorCount - sector;

    private ushort UInt16(int offset) => BinaryPrimitives.ReadUInt16BigEndian(_scsi.AsSpan(offset));

    private uint UInt32(int offset) => BinaryPrimitives.ReadUInt32BigEndian(_scsi.AsSpan(offset));
}
