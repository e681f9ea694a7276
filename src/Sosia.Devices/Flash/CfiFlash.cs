using System;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Flash;

/// <summary>
/// A byte-wide parallel flash memory with Intel's command set 0001h and the common flash memory interface (Intel 28F640J3 data sheet 290667;
/// JESD68.01), in which UEFI firmware keeps its variables. What is programmed and erased goes to a drive at once and in the guest's order, so that what a
/// power failure leaves is what it would leave in a real one.
/// </summary>
/// <remarks>
/// Programming and erasing take no guest time. Bit 7 of the status (ready) is clear from "clear status register" to the next operation, where a real one has
/// it set: by this OVMF tells a flash memory from ROM and RAM.
/// </remarks>
public sealed class CfiFlash : IMmioDevice, ISnapshotable
{
    /// <summary>What is erased at once, in bytes.</summary>
    public const int BlockByteCount = 4096;

    /// <summary>The largest memory.</summary>
    public const int MaxByteCount = 8 << 20;

    private const int BufferByteCount = 32;
    private const byte Erased = 0xff;
    private const byte Manufacturer = 0x89;
    private const byte DeviceCode = 0x17;

    private const byte StatusReady = 0x80;
    private const byte StatusEraseError = 0x20;
    private const byte StatusProgramError = 0x10;
    private const byte StatusProtected = 0x02;
    private const byte StatusSequenceError = StatusEraseError | StatusProgramError;

    private const byte Confirm = 0xd0;

    // When what was written is to be durable, and when to try again what the host could not do: after the guest's next instructions.
    private const long FlushNanoseconds = 100_000_000;
    private const long RetryNanoseconds = 1_000_000;

    private readonly MachineClock _clock;
    private readonly BlockDrive _drive;
    private readonly DiagnosticLog _log;
    private readonly ClockTimer _timer;
    private readonly byte[] _array;
    private readonly byte[] _query;
    private readonly byte[] _buffer = new byte[BufferByteCount];
    private FlashMode _mode;
    private FlashStep _step;
    private byte _status = StatusReady;
    private int _bufferStart = -1;
    private int _bufferLeft;

    // What the drive does not have yet.
    private int _dirtyStart;
    private int _dirtyEnd;

    /// <summary>Creates the memory with the contents of a drive.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="drive">Where the contents are kept; the owner disposes of it.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    /// <exception cref="SosiaException">The drive has an impossible size, or cannot be read.</exception>
    public CfiFlash(MachineClock clock, BlockDrive drive, DiagnosticLog log)
    {
        if (drive.ByteCount is 0 or > MaxByteCount || drive.ByteCount % BlockByteCount != 0)
        {
            throw new SosiaException($"The flash memory '{drive.Name}' has {drive.ByteCount} bytes; its file must have a multiple of {BlockByteCount}, at most {MaxByteCount >> 20} MiB.");
        }

        _clock = clock;
        _drive = drive;
        _log = log;
        _array = new byte[drive.ByteCount];
        if (drive.Read(0, _array) != BlockResult.Ok)
        {
            throw new SosiaException($"The file of the flash memory '{drive.Name}' cannot be read; copy it to a sound disk.", FailureKind.Host);
        }

        _query = CfiTable.Build(_array.Length, BlockByteCount, BufferByteCount);
        _timer = clock.CreateTimer(drive.Name, WriteBackOrFlush);
    }

    /// <inheritdoc/>
    public string SnapshotName => _drive.Name;

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>Its size in bytes.</summary>
    public int ByteCount => _array.Length;

    /// <summary>Makes it appear in memory.</summary>
    /// <param name="memory">The address space.</param>
    /// <param name="guestPhysical">Where it begins.</param>
    public void Map(MemoryBus memory, ulong guestPhysical) => memory.MapDevice(guestPhysical, (ulong)_array.Length, this, _drive.Name);

    /// <summary>Does what its reset pin does: shows the contents, which stay.</summary>
    public void Reset()
    {
        _mode = FlashMode.Array;
        _step = FlashStep.Command;
        _status = StatusReady;
        ClearBuffer();
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        ulong value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            value |= (ulong)ReadByte((int)offset + i) << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        for (int i = 0; i < byteCount; i++)
        {
            WriteByte((int)offset + i, (byte)(value >> (8 * i)));
        }
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("mode", (long)_mode);
        writer.Write("step", (long)_step);
        writer.Write("status", _status);
        writer.Write("buffer", _buffer);
        writer.Write("bufferStart", _bufferStart);
        writer.Write("bufferLeft", _bufferLeft);
        writer.Write("contents", _array);
        writer.Write("timerArmed", _timer.IsArmed);
        writer.Write("timerDeadline", _timer.IsArmed ? _timer.DeadlineNanoseconds : 0);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        reader.RequireVersion(SnapshotVersion);
        byte[] contents = reader.ReadBytes("contents");
        int bufferStart = reader.ReadInt32("bufferStart");
        int bufferLeft = reader.ReadInt32("bufferLeft");
        byte mode = reader.ReadByte("mode");
        byte step = reader.ReadByte("step");
        if (contents.Length != _array.Length || mode > (byte)FlashMode.Query || step > (byte)FlashStep.Lock
            || bufferStart < (step == (byte)FlashStep.BufferConfirm ? 0 : -1) || bufferStart >= _array.Length || bufferLeft is < 0 or > BufferByteCount)
        {
            throw new SosiaException($"The snapshot has another flash memory than '{_drive.Name}', or is damaged; give the file that it was taken with.");
        }

        _mode = (FlashMode)mode;
        _step = (FlashStep)step;
        _status = reader.ReadByte("status");
        reader.ReadBytes("buffer", _buffer);
        _bufferStart = bufferStart;
        _bufferLeft = bufferLeft;
        RestoreContents(contents);
        _timer.Cancel();
        if (_dirtyEnd != 0)
        {
            WriteBack();
        }
        else if (reader.ReadBoolean("timerArmed"))
        {
            _timer.Arm(reader.ReadInt64("timerDeadline"));
        }
    }

    private byte ReadByte(int offset) => _mode switch
    {
        FlashMode.Array => _array[offset],
        FlashMode.Status => _status,
        FlashMode.Identifier => (offset & (BlockByteCount - 1)) switch
        {
            0 => Manufacturer,
            1 => DeviceCode,
            _ => 0,     // no block is locked
        },
        _ => offset < CfiTable.ByteCount ? _query[offset] : (byte)0,
    };

    private void WriteByte(int offset, byte value)
    {
        FlashStep step = _step;
        _step = FlashStep.Command;
        switch (step)
        {
            case FlashStep.Command:
                Obey(offset, value);
                break;
            case FlashStep.Program:
                Program(offset, [value]);
                break;
            case FlashStep.Erase when value == Confirm:
                Erase(offset & ~(BlockByteCount - 1));
                break;
            case FlashStep.BufferCount when value < BufferByteCount:
                ClearBuffer();
                _bufferLeft = value + 1;
                _step = FlashStep.BufferData;
                break;
            case FlashStep.BufferData:
                AddToBuffer(offset, value);
                break;
            case FlashStep.BufferConfirm when value == Confirm:
                Program(_bufferStart, _buffer.AsSpan(0, Math.Min(BufferByteCount, _array.Length - _bufferStart)));
                ClearBuffer();
                break;
            case FlashStep.Lock when value is 0x01 or Confirm:
                _status |= StatusReady;
                break;
            default:
                FailSequence(value);
                break;
        }
    }

    private void Obey(int offset, byte command)
    {
        switch (command)
        {
            case 0xff:
                _mode = FlashMode.Array;
                break;
            case 0x50:
                _status = 0;
                break;
            case 0x70:
                _mode = FlashMode.Status;
                break;
            case 0x90:
                _mode = FlashMode.Identifier;
                break;
            case 0x98:
                _mode = FlashMode.Query;
                break;
            case 0x10:
            case 0x40:
                Begin(FlashStep.Program);
                break;
            case 0x20:
                Begin(FlashStep.Erase);
                break;
            case 0x60:
                Begin(FlashStep.Lock);
                break;
            case 0xe8:
                Begin(FlashStep.BufferCount);
                _status |= StatusReady;
                break;
            case 0xb0:
            case Confirm:
                // Suspend and resume: nothing is ever under way.
                _mode = FlashMode.Status;
                _status |= StatusReady;
                break;
            default:
                _log.GuestMisuse(SnapshotName, "unknown flash command", command);
                _mode = FlashMode.Array;
                break;
        }
    }

    private void Begin(FlashStep step)
    {
        _step = step;
        _mode = FlashMode.Status;
    }

    private void AddToBuffer(int offset, byte value)
    {
        _bufferStart = _bufferStart < 0 ? offset : _bufferStart;
        int index = offset - _bufferStart;
        if (index is < 0 or >= BufferByteCount)
        {
            FailSequence(value);
            return;
        }

        _buffer[index] = value;
        _bufferLeft--;
        _step = _bufferLeft == 0 ? FlashStep.BufferConfirm : FlashStep.BufferData;
    }

    private void ClearBuffer()
    {
        _buffer.AsSpan().Fill(Erased);
        _bufferStart = -1;
        _bufferLeft = 0;
    }

    private void FailSequence(byte value)
    {
        _log.GuestMisuse(SnapshotName, "flash command that does not follow the one before", value);
        _mode = FlashMode.Status;
        _status |= StatusReady | StatusSequenceError;
        ClearBuffer();
    }

    // Programming makes ones to zeros, never the other way round.
    private void Program(int offset, ReadOnlySpan<byte> bytes)
    {
        _status |= StatusReady;
        if (RefuseChange(StatusProgramError))
        {
            return;
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            _array[offset + i] &= bytes[i];
        }

        Change(offset, bytes.Length, StatusProgramError);
    }

    private void Erase(int offset)
    {
        _status |= StatusReady;
        if (RefuseChange(StatusEraseError))
        {
            return;
        }

        _array.AsSpan(offset, BlockByteCount).Fill(Erased);
        Change(offset, BlockByteCount, StatusEraseError);
    }

    private bool RefuseChange(byte error)
    {
        if (!_drive.IsReadOnly)
        {
            return false;
        }

        _status |= (byte)(error | StatusProtected);
        return true;
    }

    private void Change(int offset, int byteCount, byte error)
    {
        MarkDirty(offset, byteCount);
        if (!WriteBack())
        {
            _status |= error;
        }
    }

    // In whole sectors, as drives take them.
    private void MarkDirty(int offset, int byteCount)
    {
        int start = offset & ~(BlockDrive.SectorByteCount - 1);
        int end = (offset + byteCount + BlockDrive.SectorByteCount - 1) & ~(BlockDrive.SectorByteCount - 1);
        _dirtyStart = _dirtyEnd == 0 ? start : Math.Min(_dirtyStart, start);
        _dirtyEnd = Math.Max(_dirtyEnd, end);
    }

    // False when the host has failed for good; true also when it is to be tried again.
    private bool WriteBack()
    {
        BlockResult result = _drive.Write((ulong)_dirtyStart, _array.AsSpan(_dirtyStart, _dirtyEnd - _dirtyStart));
        if (result == BlockResult.Stopped)
        {
            _timer.Arm(_clock.NowNanoseconds + RetryNanoseconds);
            return true;
        }

        _dirtyStart = _dirtyEnd = 0;
        if (!_timer.IsArmed)
        {
            _timer.Arm(_clock.NowNanoseconds + FlushNanoseconds);
        }

        return result == BlockResult.Ok;
    }

    private void WriteBackOrFlush()
    {
        if (_dirtyEnd != 0)
        {
            _ = WriteBack();
        }
        else if (_drive.Flush() == BlockResult.Stopped)
        {
            _timer.Arm(_clock.NowNanoseconds + RetryNanoseconds);
        }
    }

    // The drive gets only what is different in it.
    private void RestoreContents(byte[] contents)
    {
        for (int offset = 0; offset < _array.Length; offset += BlockByteCount)
        {
            Span<byte> now = _array.AsSpan(offset, BlockByteCount);
            ReadOnlySpan<byte> saved = contents.AsSpan(offset, BlockByteCount);
            if (!now.SequenceEqual(saved))
            {
                saved.CopyTo(now);
                if (!_drive.IsReadOnly)
                {
                    MarkDirty(offset, BlockByteCount);
                }
            }
        }
    }
}
