using System;
using Sosia.Core;
using Sosia.Core.Snapshots;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Floppy;

/// <content>The commands that move data, sector by sector.</content>
public sealed partial class FloppyController
{
    private const long SectorNanoseconds = 200_000;

    // How long a request for DMA waits for its channel before the data under the head are gone: one turn of the disk.
    private const long DmaRetryNanoseconds = 1_000_000;
    private const int DmaRetries = 200;

    private const byte FlagMultiTrack = 0x80;
    private const byte FlagMfm = 0x40;
    private const byte FlagSkip = 0x20;
    private const byte SectorSizeCode = 2;
    private const int BufferByteCount = 1024;
    private const int TurnNanoseconds = 200_000_000;

    private readonly byte[] _buffer = new byte[BufferByteCount];
    private readonly byte[] _compared = new byte[FloppyGeometry.SectorByteCount];
    private int _bufferPosition;
    private int _bufferEnd;

    // The buffer holds what is to be written, or what was read.
    private bool _isBufferFull;
    private bool _isTerminalCount;
    private int _dmaRetries;
    private byte _cylinder;
    private byte _head;
    private byte _sector;
    private byte _sizeCode;
    private byte _endOfTrack;
    private byte _status1;
    private byte _status2;

    private byte Operation => FloppyOpcode.Operation(_command[0]);

    private FloppyUnit Unit => _units[_command[1] & 3];

    // The head that the command selects, whatever the sectors say of themselves.
    private int Side => (_command[1] >> 2) & 1;

    private bool UsesDma => (_headLoad & SpecifyNonDma) == 0;

    private bool TakesData => Operation is FloppyOpcode.WriteData or FloppyOpcode.WriteDeletedData or FloppyOpcode.FormatTrack || IsScan;

    private bool IsScan => Operation is FloppyOpcode.ScanEqual or FloppyOpcode.ScanLowOrEqual or FloppyOpcode.ScanHighOrEqual;

    private void SaveTransfer(SnapshotWriter writer)
    {
        writer.Write("buffer", _buffer);
        writer.Write("bufferPosition", _bufferPosition);
        writer.Write("bufferEnd", _bufferEnd);
        writer.Write("isBufferFull", _isBufferFull);
        writer.Write("isTerminalCount", _isTerminalCount);
        writer.Write("dmaRetries", _dmaRetries);
        writer.Write("cylinder", _cylinder);
        writer.Write("head", _head);
        writer.Write("sector", _sector);
        writer.Write("sizeCode", _sizeCode);
        writer.Write("endOfTrack", _endOfTrack);
        writer.Write("status1", _status1);
        writer.Write("status2", _status2);
    }

    private void RestoreTransfer(SnapshotReader reader)
    {
        reader.ReadBytes("buffer", _buffer);
        _bufferPosition = reader.ReadInt32("bufferPosition");
        _bufferEnd = reader.ReadInt32("bufferEnd");
        _isBufferFull = reader.ReadBoolean("isBufferFull");
        _isTerminalCount = reader.ReadBoolean("isTerminalCount");
        _dmaRetries = reader.ReadInt32("dmaRetries");
        _cylinder = reader.ReadByte("cylinder");
        _head = reader.ReadByte("head");
        _sector = reader.ReadByte("sector");
        _sizeCode = reader.ReadByte("sizeCode");
        _endOfTrack = reader.ReadByte("endOfTrack");
        _status1 = reader.ReadByte("status1");
        _status2 = reader.ReadByte("status2");
        bool isMoving = _phase is FloppyPhase.DataToHost or FloppyPhase.DataFromHost;
        if (_bufferEnd > BufferByteCount || _bufferPosition < 0 || _bufferPosition > _bufferEnd || (isMoving && _bufferPosition == _bufferEnd))
        {
            throw new SosiaException("The snapshot's section 'floppy' is damaged: its data buffer makes no sense.");
        }
    }

    private void BeginTransfer()
    {
        _status1 = _status2 = 0;
        _isTerminalCount = false;
        _dmaRetries = 0;
        _phase = FloppyPhase.Execution;
        if (Operation == FloppyOpcode.FormatTrack)
        {
            _cylinder = (byte)Unit.Cylinder;
            _head = (byte)Side;
            _sector = 1;
            _sizeCode = _command[2];
        }
        else if (Operation != FloppyOpcode.ReadId)
        {
            _cylinder = _command[2];
            _head = _command[3];
            _sector = Operation == FloppyOpcode.ReadTrack ? (byte)1 : _command[4];
            _sizeCode = _command[5];
            _endOfTrack = _command[6];

            // A head that was put over the cylinder stays: in a drive with finer steps its number there is another one.
            if ((_configuration & ConfigureImpliedSeek) != 0 && !(Unit.TryGetGeometry(out _) && Unit.MediumCylinder == _cylinder))
            {
                Unit.MoveTo(_cylinder);
                _presentCylinders[_command[1] & 3] = _cylinder;
            }
        }

        PrepareBuffer();
        _timer.Arm(_clock.NowNanoseconds + SectorNanoseconds);
    }

    private void PrepareBuffer()
    {
        _isBufferFull = false;
        _bufferPosition = 0;
        _bufferEnd = Operation == FloppyOpcode.FormatTrack ? 4 * _command[3] : FloppyGeometry.SectorByteCount;
    }

    // The disk has turned so far that the next sector is under the head; or the host may be able now to do what it could not.
    private void ContinueTransfer()
    {
        if (Operation == FloppyOpcode.ReadId)
        {
            ReadId();
            return;
        }

        if (!TryFindSector(out ulong byteOffset))
        {
            Finish();
            return;
        }

        if (!_isBufferFull && !TryFillBuffer(byteOffset))
        {
            return;
        }

        if (TakesData)
        {
            UseBuffer(byteOffset);
        }
        else
        {
            EmptyBuffer();
        }
    }

    private bool TryFindSector(out ulong byteOffset)
    {
        byteOffset = 0;
        bool isWrite = TakesData && !IsScan;
        if (!TryGetReadable(out FloppyGeometry geometry))
        {
            _status1 |= FloppyStatus.MissingAddressMark;
            return false;
        }

        if (isWrite && Unit.IsWriteProtected)
        {
            _status1 |= FloppyStatus.NotWritable;
            return false;
        }

        if (Operation == FloppyOpcode.FormatTrack)
        {
            return true;
        }

        int cylinder = Unit.MediumCylinder;
        if (_cylinder != cylinder)
        {
            _status1 |= FloppyStatus.NoData;
            _status2 |= FloppyStatus.WrongCylinder;
            return false;
        }

        // READ TRACK takes the sectors as they come, and only says that they were not the wanted ones.
        if (_head != Side || _sizeCode != SectorSizeCode || _sector < 1 || _sector > geometry.SectorsPerTrack)
        {
            _status1 |= FloppyStatus.NoData;
            return false;
        }

        byteOffset = geometry.OffsetOf(cylinder, _head, _sector);
        return true;
    }

    // False for a disk, a side or a data rate at which the head finds no address marks.
    private bool TryGetReadable(out FloppyGeometry geometry)
    {
        FloppyUnit unit = Unit;
        return unit.TryGetGeometry(out geometry) && (_command[0] & FlagMfm) != 0 && _rate == geometry.Rate && Side < geometry.Heads
            && unit.MediumCylinder >= 0 && unit.MediumCylinder < geometry.Cylinders;
    }

    private bool TryFillBuffer(ulong byteOffset)
    {
        if (TakesData)
        {
            return TryTakeFromHost();
        }

        switch (ReadSector(byteOffset, _buffer.AsSpan(0, FloppyGeometry.SectorByteCount)))
        {
            case BlockResult.Ok:
                _isBufferFull = true;
                return true;
            case BlockResult.Stopped:
                _timer.Arm(_clock.NowNanoseconds + 1);
                return false;
            default:
                FinishWithDataError();
                return false;
        }
    }

    // An image may end before its format does: what is missing reads as zeros.
    private BlockResult ReadSector(ulong byteOffset, Span<byte> destination)
    {
        destination.Clear();
        RemovableDrive drive = Unit.Drive!;
        return byteOffset >= drive.ByteCount ? BlockResult.Ok : drive.Read(byteOffset, destination);
    }

    private bool TryTakeFromHost()
    {
        if (!UsesDma && _bufferEnd != 0)
        {
            _phase = FloppyPhase.DataFromHost;
            RaiseInterrupt();
            return false;
        }

        int done = _dma.Read(DmaChannel, _buffer.AsSpan(_bufferPosition, _bufferEnd - _bufferPosition), out _isTerminalCount);
        _bufferPosition += IsDmaEnabled ? done : 0;
        if (_isTerminalCount)
        {
            // The rest of the sector is zeros.
            _buffer.AsSpan(_bufferPosition, _bufferEnd - _bufferPosition).Clear();
            _bufferPosition = _bufferEnd;
        }

        if (_bufferPosition < _bufferEnd)
        {
            WaitForDma();
            return false;
        }

        _isBufferFull = true;
        return true;
    }

    private bool IsDmaEnabled => (_output & OutputDmaGate) != 0;

    private void WaitForDma()
    {
        if (++_dmaRetries > DmaRetries)
        {
            _status1 |= FloppyStatus.Overrun;
            Finish();
            return;
        }

        _timer.Arm(_clock.NowNanoseconds + DmaRetryNanoseconds);
    }

    // A sector that was read goes to the host.
    private void EmptyBuffer()
    {
        if (Operation == FloppyOpcode.Verify)
        {
            AfterSector();
            return;
        }

        if (!UsesDma)
        {
            _phase = FloppyPhase.DataToHost;
            RaiseInterrupt();
            return;
        }

        _bufferPosition += _dma.Write(DmaChannel, _buffer.AsSpan(_bufferPosition, _bufferEnd - _bufferPosition), out _isTerminalCount);
        if (_bufferPosition < _bufferEnd && !_isTerminalCount)
        {
            WaitForDma();
            return;
        }

        AfterSector();
    }

    private byte GiveDataByte()
    {
        byte value = _buffer[_bufferPosition++];
        DropInterrupt();
        if (_bufferPosition < _bufferEnd)
        {
            RaiseInterrupt();
        }
        else
        {
            _phase = FloppyPhase.Execution;
            AfterSector();
        }

        return value;
    }

    private void TakeDataByte(byte value)
    {
        _buffer[_bufferPosition++] = value;
        DropInterrupt();
        if (_bufferPosition < _bufferEnd)
        {
            RaiseInterrupt();
            return;
        }

        _isBufferFull = true;
        _phase = FloppyPhase.Execution;
        _timer.Arm(_clock.NowNanoseconds + 1);
    }

    // What came from the host is written, or compared with the disk.
    private void UseBuffer(ulong byteOffset)
    {
        BlockResult result = Operation == FloppyOpcode.FormatTrack ? Format()
            : IsScan ? Scan(byteOffset)
            : WriteSector(byteOffset, _buffer.AsSpan(0, FloppyGeometry.SectorByteCount));
        switch (result)
        {
            case BlockResult.Ok when Operation == FloppyOpcode.FormatTrack || (IsScan && (_status2 & FloppyStatus.ScanNotSatisfied) == 0):
                Finish();
                break;
            case BlockResult.Ok:
                AfterSector();
                break;
            case BlockResult.Stopped:
                _timer.Arm(_clock.NowNanoseconds + 1);
                break;
            default:
                FinishWithDataError();
                break;
        }
    }

    private BlockResult WriteSector(ulong byteOffset, ReadOnlySpan<byte> source) => Unit.Drive!.Write(byteOffset, source);

    // The host gives cylinder, head, number and size code of each sector. The format of an image cannot change: sectors that it does not have
    // cannot be made.
    private BlockResult Format()
    {
        if (!TryGetReadable(out FloppyGeometry geometry))
        {
            return BlockResult.HostError;
        }

        Array.Fill(_compared, _command[5]);
        for (int i = 0; i < _bufferEnd; i += 4)
        {
            bool exists = _buffer[i] == Unit.MediumCylinder && _buffer[i + 1] == Side && _buffer[i + 2] >= 1 && _buffer[i + 2] <= geometry.SectorsPerTrack
                && _buffer[i + 3] == SectorSizeCode;
            if (!exists)
            {
                return BlockResult.HostError;
            }

            BlockResult result = WriteSector(geometry.OffsetOf(Unit.MediumCylinder, Side, _buffer[i + 2]), _compared);
            if (result != BlockResult.Ok)
            {
                return result;
            }
        }

        return BlockResult.Ok;
    }

    // Bytes of ones match anything.
    private BlockResult Scan(ulong byteOffset)
    {
        BlockResult result = ReadSector(byteOffset, _compared);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        bool isEqual = true;
        bool isSatisfied = true;
        for (int i = 0; i < FloppyGeometry.SectorByteCount; i++)
        {
            if (_buffer[i] == 0xff || _compared[i] == 0xff || _buffer[i] == _compared[i])
            {
                continue;
            }

            isEqual = false;
            isSatisfied &= Operation switch
            {
                FloppyOpcode.ScanLowOrEqual => _compared[i] < _buffer[i],
                FloppyOpcode.ScanHighOrEqual => _compared[i] > _buffer[i],
                _ => false,
            };
        }

        _status2 = isEqual ? FloppyStatus.ScanHit : isSatisfied ? (byte)0 : FloppyStatus.ScanNotSatisfied;
        return BlockResult.Ok;
    }

    // READ ID gives the sector that comes next as the disk turns.
    private void ReadId()
    {
        if (!TryGetReadable(out FloppyGeometry geometry))
        {
            _cylinder = _head = _sector = _sizeCode = 0;
            _status1 |= FloppyStatus.MissingAddressMark;
            Finish();
            return;
        }

        long angle = _clock.NowNanoseconds % TurnNanoseconds;
        _cylinder = (byte)Unit.MediumCylinder;
        _head = (byte)Side;
        _sector = (byte)((angle * geometry.SectorsPerTrack / TurnNanoseconds) + 1);
        _sizeCode = SectorSizeCode;
        Finish();
    }

    private void AfterSector()
    {
        bool isDeleted = Operation == FloppyOpcode.ReadDeletedData;
        if (isDeleted)
        {
            // No sector has a deleted data mark.
            _status2 |= FloppyStatus.ControlMark;
        }

        bool isLast = _sector == _endOfTrack;
        bool goesOn = AdvanceSector();
        if (_isTerminalCount || (isDeleted && (_command[0] & FlagSkip) == 0))
        {
            Finish();
        }
        else if (isLast && !goesOn)
        {
            _status1 |= Operation == FloppyOpcode.Verify && (_command[1] & FlagMultiTrack) != 0 ? (byte)0 : FloppyStatus.EndOfCylinder;
            Finish();
        }
        else
        {
            PrepareBuffer();
            _phase = FloppyPhase.Execution;
            _timer.Arm(_clock.NowNanoseconds + SectorNanoseconds);
        }
    }

    // The address after a sector, as results give it (data sheet, table 5-6).
    private bool AdvanceSector()
    {
        if (_sector != _endOfTrack)
        {
            _sector++;
            return true;
        }

        _sector = 1;
        bool isMultiTrack = (_command[0] & FlagMultiTrack) != 0;
        if (isMultiTrack && _head == 0)
        {
            _head = 1;
            _command[1] |= 4;
            return true;
        }

        if (isMultiTrack)
        {
            _head = 0;
        }

        _cylinder++;
        return false;
    }

    private void FinishWithDataError()
    {
        _status1 |= FloppyStatus.DataError;
        _status2 |= FloppyStatus.DataErrorInData;
        Finish();
    }

    private void Finish()
    {
        _timer.Cancel();
        int status0 = _command[1] & 7;
        status0 |= _status1 != 0 || (_status2 & FloppyStatus.WrongCylinder) != 0 ? FloppyStatus.Abnormal : 0;
        status0 |= Unit.TryGetGeometry(out _) ? 0 : FloppyStatus.NotReady | FloppyStatus.Abnormal;
        SetResult((byte)status0, _status1, _status2, _cylinder, _head, _sector, _sizeCode);
        RaiseInterrupt();
    }
}
