using System;
using System.Buffers.Binary;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Nvme;

/// <content>The NVM command set (NVM Express 1.3, chapter 6), and the memory that commands name.</content>
public sealed partial class NvmeController
{
    private const int BlockByteCount = BlockDrive.SectorByteCount;

    // 2^8 pages: 1 MiB.
    private const int MaxTransferExponent = 8;
    private const ulong MaxTransferByteCount = (ulong)PageByteCount << MaxTransferExponent;
    private const uint NamespaceId = 1;
    private const uint AllNamespaces = 0xffff_ffff;
    private const int RangeByteCount = 16;

    private const byte CommandFlush = 0x00;
    private const byte CommandWrite = 0x01;
    private const byte CommandRead = 0x02;
    private const byte CommandWriteZeroes = 0x08;
    private const byte CommandDatasetManagement = 0x09;
    private const uint ForceUnitAccess = 1u << 30;
    private const uint Deallocate = 1 << 2;

    private readonly byte[] _page = new byte[PageByteCount];

    // The command could not be done and stays in its queue.
    private bool _isHeld;

    private ulong BlockCount => _drive.SectorCount;

    private ushort? RunIo(in NvmeCommand command, ref ulong moved)
    {
        if (command.UsesLists || command.IsFused)
        {
            return NvmeStatus.InvalidField | NvmeStatus.DoNotRetry;
        }

        bool isForAll = command.Opcode == CommandFlush && command.Namespace == AllNamespaces;
        if (command.Namespace != NamespaceId && !isForAll)
        {
            return NvmeStatus.InvalidNamespace | NvmeStatus.DoNotRetry;
        }

        return command.Opcode switch
        {
            CommandFlush => StatusOf(_drive.Flush(), NvmeStatus.WriteFault),
            CommandRead or CommandWrite => Transfer(command, ref moved),
            CommandWriteZeroes => WriteZeroes(command),
            CommandDatasetManagement => ManageDataset(command),
            _ => NvmeStatus.InvalidOpcode | NvmeStatus.DoNotRetry,
        };
    }

    // Null: held.
    private ushort? StatusOf(BlockResult result, ushort failure)
    {
        switch (result)
        {
            case BlockResult.Ok:
                return NvmeStatus.Success;
            case BlockResult.Stopped:
                _isHeld = true;
                return null;
            case BlockResult.ReadOnly:
                return NvmeStatus.WriteToReadOnly | NvmeStatus.DoNotRetry;
            default:
                return failure;
        }
    }

    private bool TryGetRange(in NvmeCommand command, out ulong byteOffset, out ulong byteCount)
    {
        ulong block = command.Word10 | ((ulong)command.Word11 << 32);
        ulong count = (command.Word12 & 0xffff) + 1;
        byteOffset = block * BlockByteCount;
        byteCount = count * BlockByteCount;
        return count <= BlockCount && block <= BlockCount - count;
    }

    private ushort? Transfer(in NvmeCommand command, ref ulong moved)
    {
        if (!TryGetRange(command, out ulong byteOffset, out ulong byteCount))
        {
            return NvmeStatus.LbaOutOfRange | NvmeStatus.DoNotRetry;
        }

        if (byteCount > MaxTransferByteCount)
        {
            return NvmeStatus.InvalidField | NvmeStatus.DoNotRetry;
        }

        ushort status = ReadPages(command, byteCount);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        bool isRead = command.Opcode == CommandRead;
        BlockResult result = _list.Move(_drive, isRead, byteOffset, 0, byteCount, out ulong done);
        moved += done;
        if (result == BlockResult.Ok && !isRead && (!_isWriteCacheEnabled || (command.Word12 & ForceUnitAccess) != 0))
        {
            result = _drive.Flush();
        }

        return result == BlockResult.Ok && _list.TouchedBadMemory
            ? NvmeStatus.DataTransferError
            : StatusOf(result, isRead ? NvmeStatus.ReadError : NvmeStatus.WriteFault);
    }

    private ushort? WriteZeroes(in NvmeCommand command)
    {
        if (!TryGetRange(command, out ulong byteOffset, out ulong byteCount))
        {
            return NvmeStatus.LbaOutOfRange | NvmeStatus.DoNotRetry;
        }

        const uint MayDeallocate = 1 << 25;
        return StatusOf(_drive.WriteZeroes(byteOffset, byteCount, (command.Word12 & MayDeallocate) != 0), NvmeStatus.WriteFault);
    }

    // Only deallocation has an effect; the other attributes are hints.
    private ushort? ManageDataset(in NvmeCommand command)
    {
        int count = (int)(command.Word10 & 0xff) + 1;
        ushort status = ReadPages(command, (ulong)(count * RangeByteCount));
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        Span<byte> ranges = _page.AsSpan(0, count * RangeByteCount);
        _list.Read(0, ranges);
        if (_list.TouchedBadMemory)
        {
            return NvmeStatus.DataTransferError;
        }

        for (int i = 0; i < count && (command.Word11 & Deallocate) != 0; i++)
        {
            ReadOnlySpan<byte> range = ranges[(i * RangeByteCount)..];
            ulong blocks = BinaryPrimitives.ReadUInt32LittleEndian(range[4..]);
            ulong first = BinaryPrimitives.ReadUInt64LittleEndian(range[8..]);
            if (blocks > BlockCount || first > BlockCount - blocks)
            {
                return NvmeStatus.LbaOutOfRange | NvmeStatus.DoNotRetry;
            }

            BlockResult result = blocks == 0 ? BlockResult.Ok : _drive.Discard(first * BlockByteCount, blocks * BlockByteCount);
            if (result != BlockResult.Ok)
            {
                return StatusOf(result, NvmeStatus.WriteFault);
            }
        }

        return NvmeStatus.Success;
    }

    // Collects the memory that a command's PRP entries name (NVM Express 1.3, 4.3).
    private ushort ReadPages(in NvmeCommand command, ulong byteCount)
    {
        const ulong OffsetMask = PageByteCount - 1;
        _list.Clear();
        if ((command.Prp1 & 3) != 0)
        {
            return NvmeStatus.InvalidPrpOffset | NvmeStatus.DoNotRetry;
        }

        ulong first = Math.Min(byteCount, PageByteCount - (command.Prp1 & OffsetMask));
        _list.Add(command.Prp1, first);
        ulong left = byteCount - first;
        if (left == 0)
        {
            return NvmeStatus.Success;
        }

        if (left <= PageByteCount)
        {
            _list.Add(command.Prp2, left);
            return (command.Prp2 & OffsetMask) == 0 ? NvmeStatus.Success : (ushort)(NvmeStatus.InvalidPrpOffset | NvmeStatus.DoNotRetry);
        }

        return ReadPageList(command.Prp2, left);
    }

    // The last entry of a list's page names the next list, where more is needed. The size of a transfer bounds how many there are.
    private ushort ReadPageList(ulong list, ulong left)
    {
        const ulong OffsetMask = PageByteCount - 1;
        const int EntryByteCount = 8;
        Span<byte> entry = stackalloc byte[EntryByteCount];
        if ((list & (EntryByteCount - 1)) != 0)
        {
            return NvmeStatus.InvalidPrpOffset | NvmeStatus.DoNotRetry;
        }

        bool wasLink = false;
        while (left != 0)
        {
            if (!_memory.ReadBytes(list, entry))
            {
                return NvmeStatus.DataTransferError;
            }

            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            if ((address & OffsetMask) != 0)
            {
                return NvmeStatus.InvalidPrpOffset | NvmeStatus.DoNotRetry;
            }

            bool isLink = (list & OffsetMask) == PageByteCount - EntryByteCount && left > PageByteCount;
            if (isLink)
            {
                // A list has more than its link, or a chain of links would have no end.
                if (wasLink)
                {
                    return NvmeStatus.InvalidField | NvmeStatus.DoNotRetry;
                }

                list = address;
                wasLink = true;
                continue;
            }

            wasLink = false;
            ulong chunk = Math.Min(left, PageByteCount);
            _list.Add(address, chunk);
            left -= chunk;
            list += EntryByteCount;
        }

        return NvmeStatus.Success;
    }
}
