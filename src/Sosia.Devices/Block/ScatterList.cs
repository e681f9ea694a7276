using System;
using Sosia.Core.Buses;
using Sosia.Images;

namespace Sosia.Devices.Block;

/// <summary>
/// The pieces of guest memory between which one transfer of a bus master is spread, as one run of bytes. Pieces that follow each other are joined.
/// They move without a copy where the disk takes them so, else the large ones. Reused from transfer to transfer.
/// </summary>
internal sealed class ScatterList(MemoryBus memory)
{
    // Smaller pieces are gathered, so that they cost one call of the host together.
    private const int BounceByteCount = 128 * 1024;
    private const int DirectMinByteCount = 32 * 1024;
    private const int DirectMaxByteCount = 16 * 1024 * 1024;

    private readonly RamSegments _segments = new(memory.Ram);
    private Piece[] _pieces = new Piece[32];
    private byte[] _bounce = [];
    private int _count;

    // The piece in which the last access ended, and where in the run it begins: accesses go forward.
    private int _at;
    private ulong _atPosition;

    /// <summary>How many bytes the pieces have together.</summary>
    public ulong ByteCount { get; private set; }

    /// <summary>True when an access since <see cref="Clear"/> met guest physical addresses where there is no RAM.</summary>
    public bool TouchedBadMemory { get; private set; }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        _count = _at = 0;
        _atPosition = 0;
        ByteCount = 0;
        TouchedBadMemory = false;
    }

    /// <summary>Adds a piece at the end.</summary>
    public void Add(ulong guestPhysical, ulong byteCount)
    {
        if (byteCount == 0)
        {
            return;
        }

        ByteCount += byteCount;
        if (_count != 0 && _pieces[_count - 1].GuestPhysical + _pieces[_count - 1].ByteCount == guestPhysical)
        {
            _pieces[_count - 1].ByteCount += byteCount;
            return;
        }

        if (_count == _pieces.Length)
        {
            Array.Resize(ref _pieces, 2 * _count);
        }

        _pieces[_count++] = new Piece { GuestPhysical = guestPhysical, ByteCount = byteCount };
    }

    /// <summary>Moves a part of the run from a drive or to it.</summary>
    /// <param name="drive">The drive.</param>
    /// <param name="isRead">True to read from the drive into guest memory.</param>
    /// <param name="byteOffset">Where on the drive; a multiple of 512.</param>
    /// <param name="position">Where in the run.</param>
    /// <param name="byteCount">How much; a multiple of 512 within the run.</param>
    /// <param name="done">How much was moved, also when it did not end well.</param>
    public BlockResult Move(BlockDrive drive, bool isRead, ulong byteOffset, ulong position, ulong byteCount, out ulong done)
    {
        done = 0;
        while (done < byteCount)
        {
            int chunk;
            BlockResult result;
            if (drive.TakesSegments && TakeSegments(position + done, byteCount - done))
            {
                result = MoveSegments(drive, isRead, byteOffset + done);
                if (result != BlockResult.Ok)
                {
                    return result;
                }

                done += (ulong)_segments.ByteCount;
                continue;
            }

            ulong ramOffset = 0;
            Span<byte> direct = FindDirect(position + done, byteCount - done, out int directByteCount)
                ? memory.RamSpan(AddressOf(position + done), directByteCount, out ramOffset)
                : default;
            if (!direct.IsEmpty)
            {
                chunk = directByteCount;
                result = isRead ? ReadDirect(drive, byteOffset + done, direct, ramOffset) : drive.Write(byteOffset + done, direct);
            }
            else
            {
                chunk = (int)Math.Min(byteCount - done, BounceByteCount);
                result = MoveByBounce(drive, isRead, byteOffset + done, position + done, chunk);
            }

            if (result != BlockResult.Ok)
            {
                return result;
            }

            done += (ulong)chunk;
        }

        return BlockResult.Ok;
    }

    /// <summary>Copies bytes into guest memory; what lies outside RAM is dropped.</summary>
    public void Write(ulong position, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int chunk = (int)Math.Min(Seek(position), (ulong)source.Length);
            TouchedBadMemory |= !memory.WriteBytes(AddressOf(position), source[..chunk]);
            source = source[chunk..];
            position += (ulong)chunk;
        }
    }

    /// <summary>Copies bytes out of guest memory; what lies outside RAM reads as ones.</summary>
    public void Read(ulong position, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int chunk = (int)Math.Min(Seek(position), (ulong)destination.Length);
            TouchedBadMemory |= !memory.ReadBytes(AddressOf(position), destination[..chunk]);
            destination = destination[chunk..];
            position += (ulong)chunk;
        }
    }

    // As many pieces as can be moved at once; false when the first of them is no RAM.
    private bool TakeSegments(ulong position, ulong byteCount)
    {
        _segments.Clear();
        byteCount = Math.Min(byteCount, DirectMaxByteCount);
        while ((ulong)_segments.ByteCount < byteCount && !_segments.IsFull)
        {
            int chunk = (int)Math.Min(Seek(position), byteCount - (ulong)_segments.ByteCount);
            if (memory.RamSpan(AddressOf(position), chunk, out ulong ramOffset).IsEmpty)
            {
                break;
            }

            _segments.Add(ramOffset, chunk);
            position += (ulong)chunk;
        }

        _segments.TrimToSectors();
        return _segments.ByteCount != 0;
    }

    private BlockResult MoveSegments(BlockDrive drive, bool isRead, ulong byteOffset)
    {
        if (!isRead)
        {
            return drive.WriteSegments(byteOffset, _segments.Segments, (ulong)_segments.ByteCount);
        }

        _segments.BeforeWrite();
        BlockResult result = drive.ReadSegments(byteOffset, _segments.Segments, (ulong)_segments.ByteCount);
        _segments.AfterWrite();
        return result;
    }

    private BlockResult ReadDirect(BlockDrive drive, ulong byteOffset, Span<byte> direct, ulong ramOffset)
    {
        memory.Ram.BeforeWrite(ramOffset, direct.Length);
        BlockResult result = drive.Read(byteOffset, direct);
        memory.Ram.AfterWrite(ramOffset, direct.Length);
        return result;
    }

    private BlockResult MoveByBounce(BlockDrive drive, bool isRead, ulong byteOffset, ulong position, int byteCount)
    {
        if (_bounce.Length == 0)
        {
            _bounce = GC.AllocateUninitializedArray<byte>(BounceByteCount, pinned: true);
        }

        Span<byte> bounce = _bounce.AsSpan(0, byteCount);
        if (!isRead)
        {
            Read(position, bounce);
            return drive.Write(byteOffset, bounce);
        }

        BlockResult result = drive.Read(byteOffset, bounce);
        if (result == BlockResult.Ok)
        {
            Write(position, bounce);
        }

        return result;
    }

    // A piece is worth a call of the host of its own when it is all that is left, or large.
    private bool FindDirect(ulong position, ulong byteCount, out int directByteCount)
    {
        ulong contiguous = Math.Min(Math.Min(Seek(position), byteCount), DirectMaxByteCount);
        directByteCount = (int)contiguous & -BlockDrive.SectorByteCount;
        return directByteCount != 0 && (contiguous == byteCount || directByteCount >= DirectMinByteCount);
    }

    // Makes the piece with a position the current one; how many bytes it has from there on.
    private ulong Seek(ulong position)
    {
        if (position < _atPosition)
        {
            _at = 0;
            _atPosition = 0;
        }

        while (position - _atPosition >= _pieces[_at].ByteCount)
        {
            _atPosition += _pieces[_at++].ByteCount;
        }

        return _pieces[_at].ByteCount - (position - _atPosition);
    }

    // Of the current piece.
    private ulong AddressOf(ulong position) => _pieces[_at].GuestPhysical + (position - _atPosition);

    private struct Piece
    {
        public ulong GuestPhysical;
        public ulong ByteCount;
    }
}
