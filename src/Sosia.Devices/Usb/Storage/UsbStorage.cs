using System;
using System.Buffers.Binary;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Usb.Storage;

/// <summary>
/// A disk on the USB: the bulk-only transport (Universal Serial Bus Mass Storage Class, Bulk-Only Transport 1.0) with SCSI commands. Here: the transport;
/// the commands are in the other part.
/// </summary>
public sealed partial class UsbStorage : UsbDevice
{
    private const int InEndpoint = 1;
    private const int OutEndpoint = 2;
    private const int PacketByteCount = 64;

    private const int CommandByteCount = 31;
    private const int StatusByteCount = 13;
    private const uint CommandSignature = 0x4342_5355;
    private const uint StatusSignature = 0x5342_5355;
    private const int MaxScsiByteCount = 16;

    private const int MaxLogicalUnit = 0xa1fe;
    private const int TransportReset = 0x21ff;

    // How much of the disk is moved at once.
    private const int BufferByteCount = 64 * 1024;

    private static readonly byte[] Configuration =
    [
        9, 2, 32, 0, 1, 1, 0, 0xc0, 0,
        9, 4, 0, 0, 2, 8, 6, 0x50, 0,
        7, 5, 0x80 | InEndpoint, 2, PacketByteCount, 0, 0,
        7, 5, OutEndpoint, 2, PacketByteCount, 0, 0,
    ];

    private readonly BlockDrive _drive;
    private readonly string _serial;
    private readonly DiagnosticLog _log;
    private readonly byte[] _scsi = new byte[MaxScsiByteCount];
    private readonly byte[] _buffer = new byte[BufferByteCount];
    private StoragePhase _phase;
    private uint _tag;

    // What the host expects to move, and what the command still does.
    private uint _hostLeft;
    private ulong _commandLeft;
    private bool _isToHost;
    private bool _hasFailed;

    // The part of the data that is in the buffer.
    private int _bufferStart;
    private int _bufferEnd;

    // Where on the disk the buffer's end is; meaningful while the command moves the disk's contents.
    private bool _movesMedium;
    private ulong _byteOffset;
    private int _sense;

    /// <summary>Creates the device.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="drive">Its contents.</param>
    /// <param name="serial">Its serial number: at least 12 upper-case hexadecimal digits, by which hosts tell disks apart.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public UsbStorage(string name, BlockDrive drive, string serial, DiagnosticLog log)
        : base(name, new UsbDescriptors(0x0003, "Sosia USB disk", serial, Configuration))
    {
        ArgumentNullException.ThrowIfNull(drive);
        _drive = drive;
        _serial = serial;
        _log = log;
    }

    internal override UsbAnswer OnIn(int endpoint, Span<byte> data, out int byteCount)
    {
        byteCount = 0;
        if (endpoint != InEndpoint)
        {
            return UsbAnswer.Stall;
        }

        switch (_phase)
        {
            case StoragePhase.DataIn:
                return SendData(data, out byteCount);
            case StoragePhase.Status:
                byteCount = SendStatus(data);
                return UsbAnswer.Done;
            case StoragePhase.Failed:
                return UsbAnswer.Stall;
            case StoragePhase.DataOut when _commandLeft == 0 && _bufferEnd != _bufferStart:
                // All data are here, but the host of this machine has not written them yet.
                return Drain() ? OnIn(endpoint, data, out byteCount) : UsbAnswer.Later;
            default:
                return UsbAnswer.Later;
        }
    }

    internal override UsbAnswer OnOut(int endpoint, ReadOnlySpan<byte> data, out int byteCount)
    {
        byteCount = 0;
        if (endpoint != OutEndpoint)
        {
            return UsbAnswer.Stall;
        }

        switch (_phase)
        {
            case StoragePhase.Command:
                byteCount = data.Length;
                return TakeCommand(data) ? UsbAnswer.Done : UsbAnswer.Stall;
            case StoragePhase.DataOut:
                return TakeData(data, out byteCount);
            case StoragePhase.Failed:
                return UsbAnswer.Stall;
            default:
                return UsbAnswer.Later;
        }
    }

    internal override int ReadRequest(in UsbSetup setup, Span<byte> reply) => setup.Code == MaxLogicalUnit ? 1 : -1;

    internal override bool WriteRequest(in UsbSetup setup, ReadOnlySpan<byte> data)
    {
        if (setup.Code != TransportReset)
        {
            return false;
        }

        ResetTransport();
        return true;
    }

    internal override void OnReset()
    {
        ResetTransport();
        _sense = 0;
    }

    internal override void OnHaltCleared(int endpoint)
    {
        // Only a reset of the transport ends this state; until then the halt comes back (Bulk-Only Transport, section 6.6.1).
        if (_phase == StoragePhase.Failed)
        {
            Halt(endpoint, isIn: endpoint == InEndpoint);
        }
    }

    internal override void SaveDevice(SnapshotWriter writer, string prefix)
    {
        _drive.Save(writer, prefix + "drive.");
        writer.Write(prefix + "scsi", _scsi);
        writer.Write(prefix + "buffer", _buffer.AsSpan(_bufferStart, _bufferEnd - _bufferStart));
        writer.Write(prefix + "phase", (long)_phase);
        writer.Write(prefix + "tag", _tag);
        writer.Write(prefix + "host-left", _hostLeft);
        writer.Write(prefix + "command-left", _commandLeft);
        writer.Write(prefix + "to-host", _isToHost);
        writer.Write(prefix + "failed", _hasFailed);
        writer.Write(prefix + "medium", _movesMedium);
        writer.Write(prefix + "offset", _byteOffset);
        writer.Write(prefix + "sense", _sense);
    }

    internal override void RestoreDevice(SnapshotReader reader, string prefix)
    {
        _drive.Restore(reader, prefix + "drive.");
        reader.ReadBytes(prefix + "scsi", _scsi);
        byte[] buffer = reader.ReadBytes(prefix + "buffer");
        _bufferStart = 0;
        _bufferEnd = Math.Min(buffer.Length, BufferByteCount);
        buffer.AsSpan(0, _bufferEnd).CopyTo(_buffer);
        _phase = (StoragePhase)Math.Clamp(reader.ReadInt32(prefix + "phase"), 0, (int)StoragePhase.Failed);
        _tag = reader.ReadUInt32(prefix + "tag");
        _hostLeft = reader.ReadUInt32(prefix + "host-left");
        _commandLeft = reader.ReadUInt64(prefix + "command-left");
        _isToHost = reader.ReadBoolean(prefix + "to-host");
        _hasFailed = reader.ReadBoolean(prefix + "failed");
        _movesMedium = reader.ReadBoolean(prefix + "medium");
        _byteOffset = reader.ReadUInt64(prefix + "offset");
        _sense = reader.ReadInt32(prefix + "sense");
    }

    private void ResetTransport()
    {
        _phase = StoragePhase.Command;
        _hostLeft = 0;
        _commandLeft = 0;
        _bufferStart = _bufferEnd = 0;
        _hasFailed = _movesMedium = false;
    }

    private bool TakeCommand(ReadOnlySpan<byte> data)
    {
        // A wrapper that is none halts both pipes (section 6.6.1).
        if (data.Length != CommandByteCount || BinaryPrimitives.ReadUInt32LittleEndian(data) != CommandSignature || data[13] != 0 || data[14] is 0 or > MaxScsiByteCount)
        {
            _log.GuestMisuse(Name, "a command block wrapper that makes no sense", (ulong)data.Length);
            _phase = StoragePhase.Failed;
            Halt(InEndpoint, isIn: true);
            return false;
        }

        _tag = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
        _hostLeft = BinaryPrimitives.ReadUInt32LittleEndian(data[8..]);
        _isToHost = (data[12] & 0x80) != 0;
        _hasFailed = _movesMedium = false;
        _commandLeft = 0;
        _bufferStart = _bufferEnd = 0;
        _scsi.AsSpan().Clear();
        data.Slice(15, data[14]).CopyTo(_scsi);
        Execute();
        _phase = _hostLeft == 0 ? StoragePhase.Status : _isToHost ? StoragePhase.DataIn : StoragePhase.DataOut;
        return true;
    }

    // As much as host and command agree on; when the command has less, the pipe halts before the status (cases 4, 5 and 7).
    private UsbAnswer SendData(Span<byte> data, out int byteCount)
    {
        byteCount = 0;
        while (byteCount < data.Length && byteCount < PacketByteCount && _hostLeft != 0)
        {
            if (_bufferStart == _bufferEnd)
            {
                if (_commandLeft == 0 || _hasFailed)
                {
                    break;
                }

                BlockResult result = Fill();
                if (result == BlockResult.Stopped)
                {
                    return byteCount == 0 ? UsbAnswer.Later : UsbAnswer.Done;
                }

                if (result != BlockResult.Ok)
                {
                    break;
                }
            }

            int count = (int)Math.Min(Math.Min(data.Length - byteCount, PacketByteCount - byteCount), Math.Min((uint)(_bufferEnd - _bufferStart), _hostLeft));
            _buffer.AsSpan(_bufferStart, count).CopyTo(data[byteCount..]);
            byteCount += count;
            _bufferStart += count;
            _hostLeft -= (uint)count;
        }

        if (_hostLeft == 0)
        {
            _phase = StoragePhase.Status;
            return UsbAnswer.Done;
        }

        if (byteCount < Math.Min(data.Length, PacketByteCount) && _bufferStart == _bufferEnd && (_commandLeft == 0 || _hasFailed))
        {
            // The end came early. A short packet says so; without one, the halt does.
            _phase = StoragePhase.Status;
            return byteCount != 0 ? UsbAnswer.Done : UsbAnswer.Stall;
        }

        return UsbAnswer.Done;
    }

    private UsbAnswer TakeData(ReadOnlySpan<byte> data, out int byteCount)
    {
        byteCount = 0;
        if (_commandLeft == 0 && _bufferEnd == _bufferStart && _hostLeft != 0)
        {
            // The command wants no more.
            _phase = StoragePhase.Status;
            return UsbAnswer.Stall;
        }

        if (_bufferEnd == BufferByteCount && !Drain())
        {
            return _phase == StoragePhase.Status ? UsbAnswer.Stall : UsbAnswer.Later;
        }

        byteCount = (int)Math.Min((uint)data.Length, _hostLeft);
        int count = (int)Math.Min(Math.Min((ulong)byteCount, _commandLeft), (ulong)(BufferByteCount - _bufferEnd));
        data[..count].CopyTo(_buffer.AsSpan(_bufferEnd));
        _bufferEnd += count;
        _commandLeft -= (ulong)count;
        _hostLeft -= (uint)byteCount;
        if (_hostLeft == 0 || _commandLeft == 0)
        {
            // What is short of a sector is not written.
            _ = Drain();
        }

        return UsbAnswer.Done;
    }

    private int SendStatus(Span<byte> data)
    {
        Span<byte> status = stackalloc byte[StatusByteCount];
        BinaryPrimitives.WriteUInt32LittleEndian(status, StatusSignature);
        BinaryPrimitives.WriteUInt32LittleEndian(status[4..], _tag);
        BinaryPrimitives.WriteUInt32LittleEndian(status[8..], _hostLeft);
        status[12] = (byte)(_hasFailed ? 1 : 0);
        int byteCount = Math.Min(data.Length, StatusByteCount);
        status[..byteCount].CopyTo(data);
        ResetTransport();
        return byteCount;
    }

    // The next part of the disk.
    private BlockResult Fill()
    {
        int count = (int)Math.Min(_commandLeft, BufferByteCount);
        BlockResult result = _drive.Read(_byteOffset, _buffer.AsSpan(0, count));
        if (result == BlockResult.Ok)
        {
            _bufferStart = 0;
            _bufferEnd = count;
            _byteOffset += (ulong)count;
            _commandLeft -= (ulong)count;
        }
        else if (result != BlockResult.Stopped)
        {
            Fail(result == BlockResult.NoMedium ? ScsiSense.NoMedium : ScsiSense.ReadError);
        }

        return result;
    }

    // Writes what is in the buffer; false: later, or it failed and the status says so.
    private bool Drain()
    {
        int count = (_bufferEnd - _bufferStart) & -BlockDrive.SectorByteCount;
        if (_movesMedium && count != 0 && !_hasFailed)
        {
            BlockResult result = _drive.Write(_byteOffset, _buffer.AsSpan(_bufferStart, count));
            if (result == BlockResult.Stopped)
            {
                return false;
            }

            if (result != BlockResult.Ok)
            {
                Fail(ScsiSense.WriteError);
                _commandLeft = 0;
            }

            _byteOffset += (ulong)count;
        }

        _bufferStart = _bufferEnd = 0;
        if (_hostLeft == 0 || _hasFailed)
        {
            _phase = StoragePhase.Status;
        }

        return !_hasFailed;
    }
}
