using System;
using System.Buffers.Binary;
using Sosia.Devices.Virtio;
using Sosia.Images;

namespace Sosia.Devices.Block;

/// <summary>One request of a virtio block device, from the rings to its completion. Reused; the device owns the pool.</summary>
public sealed class VirtioBlockRequest
{
    internal const int SectorByteCount = 512;
    internal const int HeaderByteCount = 16;
    internal const int RangeByteCount = 16;
    internal const int IdByteCount = 20;
    internal const byte StatusOk = 0;
    internal const byte StatusIoError = 1;
    internal const byte StatusUnsupported = 2;

    // Buffers of the guest up to this size that are not contiguous are gathered, so that one request costs one host call and not one
    // per page. Larger contiguous pieces move without a copy.
    private const int BounceByteCount = 256 * 1024;
    private const int DirectMaxByteCount = 16 * 1024 * 1024;
    private const uint FlagUnmap = 1;

    private const uint TypeIn = 0;
    private const uint TypeOut = 1;
    private const uint TypeFlush = 4;
    private const uint TypeGetId = 8;
    private const uint TypeDiscard = 11;
    private const uint TypeWriteZeroes = 13;

    private readonly RamSegments _segments;
    private byte[] _bounce = [];

    internal VirtioBlockRequest(VirtioBlockDevice device, DescriptorChain chain)
    {
        Device = device;
        Chain = chain;
        _segments = new RamSegments(device.Ram);
    }

    /// <summary>The device that the request was made to.</summary>
    public VirtioBlockDevice Device { get; }

    internal DescriptorChain Chain { get; }

    internal int QueueIndex { get; set; }

    // The device was reset since: nobody waits for the result.
    internal bool IsAbandoned { get; set; }

    // What to tell the driver.
    internal byte Status { get; private set; }

    // Data bytes in the device-writable part that were written.
    internal uint DataByteCount { get; private set; }

    // A buffer lay outside RAM.
    internal bool TouchedBadMemory { get; private set; }

    // Ok, or a host failure to report.
    internal BlockFault Fault { get; private set; }

    /// <summary>Does the request's host I/O and moves its data.</summary>
    public void Execute()
    {
        Status = StatusOk;
        DataByteCount = 0;
        TouchedBadMemory = false;
        Fault = default;

        Span<byte> header = stackalloc byte[HeaderByteCount];
        if (!Chain.TryRead(0, header))
        {
            TouchedBadMemory = true;
            return;
        }

        uint type = BinaryPrimitives.ReadUInt32LittleEndian(header);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        switch (type)
        {
            case TypeIn:
                Transfer(BlockOperation.Read, sector, Chain.WritableByteCount - 1);
                break;
            case TypeOut:
                Transfer(BlockOperation.Write, sector, Chain.ReadableByteCount - HeaderByteCount);
                break;
            case TypeFlush:
                Finish(BlockOperation.Flush, 0, 0, Device.Backend.Flush());
                break;
            case TypeGetId:
                GetId();
                break;
            case TypeDiscard when Device.HasFeature(VirtioBlockDevice.FeatureDiscard):
                ExecuteRanges(BlockOperation.Discard, VirtioBlockDevice.MaxDiscardSectors, VirtioBlockDevice.MaxDiscardSegments);
                break;
            case TypeWriteZeroes when Device.HasFeature(VirtioBlockDevice.FeatureWriteZeroes):
                ExecuteRanges(BlockOperation.WriteZeroes, VirtioBlockDevice.MaxWriteZeroesSectors, VirtioBlockDevice.MaxWriteZeroesSegments);
                break;
            default:
                Status = StatusUnsupported;
                break;
        }
    }

    private void GetId()
    {
        int byteCount = (int)Math.Min(Chain.WritableByteCount - 1, IdByteCount);
        if (!Chain.TryWrite(0, Device.Id[..byteCount]))
        {
            TouchedBadMemory = true;
            return;
        }

        DataByteCount = (uint)byteCount;
    }

    private void Transfer(BlockOperation operation, ulong sector, ulong byteCount)
    {
        bool isWrite = operation == BlockOperation.Write;
        ulong sectorCount = byteCount / SectorByteCount;
        bool isLegal = byteCount % SectorByteCount == 0 && byteCount <= VirtioBlockDevice.MaxRequestByteCount
            && sectorCount <= Device.SectorCount && sector <= Device.SectorCount - sectorCount;
        if (!isLegal || (isWrite && Device.IsReadOnly))
        {
            Status = StatusIoError;
            return;
        }

        ulong diskOffset = sector * SectorByteCount;
        ulong done = 0;
        while (done < byteCount)
        {
            BlockResult result = isWrite
                ? WritePiece(diskOffset + done, HeaderByteCount + done, byteCount - done, out int chunk)
                : ReadPiece(diskOffset + done, done, byteCount - done, out chunk);
            if (result != BlockResult.Ok)
            {
                Finish(operation, diskOffset + done, (ulong)chunk, result);
                return;
            }

            if (TouchedBadMemory)
            {
                return;
            }

            done += (ulong)chunk;
        }

        if (isWrite)
        {
            MakeDurableIfWriteThrough();
        }
        else
        {
            DataByteCount = (uint)byteCount;
        }
    }

    private BlockResult ReadPiece(ulong diskOffset, ulong position, ulong byteCount, out int chunk)
    {
        if (TakeSegments(isWritable: true, position, byteCount))
        {
            chunk = _segments.ByteCount;
            _segments.BeforeWrite();
            BlockResult segmentsResult = Device.Backend.ReadSegments(diskOffset, _segments.Segments);
            _segments.AfterWrite();
            return segmentsResult;
        }

        Span<byte> direct = FindDirect(isWritable: true, position, byteCount, out ulong ramOffset);
        if (!direct.IsEmpty)
        {
            chunk = direct.Length;
            Device.Ram.BeforeWrite(ramOffset, chunk);
            BlockResult directResult = Device.Backend.Read(diskOffset, direct);
            Device.Ram.AfterWrite(ramOffset, chunk);
            return directResult;
        }

        Span<byte> bounce = Bounce(byteCount);
        chunk = bounce.Length;
        BlockResult result = Device.Backend.Read(diskOffset, bounce);
        if (result == BlockResult.Ok && !Chain.TryWrite(position, bounce))
        {
            TouchedBadMemory = true;
        }

        return result;
    }

    private BlockResult WritePiece(ulong diskOffset, ulong position, ulong byteCount, out int chunk)
    {
        if (TakeSegments(isWritable: false, position, byteCount))
        {
            chunk = _segments.ByteCount;
            return Device.Backend.WriteSegments(diskOffset, _segments.Segments);
        }

        Span<byte> direct = FindDirect(isWritable: false, position, byteCount, out _);
        if (!direct.IsEmpty)
        {
            chunk = direct.Length;
            return Device.Backend.Write(diskOffset, direct);
        }

        Span<byte> bounce = Bounce(byteCount);
        chunk = bounce.Length;
        if (!Chain.TryRead(position, bounce))
        {
            TouchedBadMemory = true;
            return BlockResult.Ok;
        }

        return Device.Backend.Write(diskOffset, bounce);
    }

    // The guest's buffers as they are, where the disk takes them; false when it does not, or when the first of them is no RAM.
    private bool TakeSegments(bool isWritable, ulong position, ulong byteCount)
    {
        _segments.Clear();
        byteCount = Device.Backend.TakesSegments ? Math.Min(byteCount, DirectMaxByteCount) : 0;
        while ((ulong)_segments.ByteCount < byteCount && !_segments.IsFull)
        {
            int chunk = (int)Math.Min(Chain.ContiguousByteCount(isWritable, position), byteCount - (ulong)_segments.ByteCount);
            if (Chain.FindContiguous(isWritable, position, chunk, out ulong ramOffset).IsEmpty)
            {
                break;
            }

            _segments.Add(ramOffset, chunk);
            position += (ulong)chunk;
        }

        _segments.TrimToSectors();
        return _segments.ByteCount != 0;
    }

    // A run of guest memory to hand to the host as it is: all that is left, or enough of it to be worth a host call of its own.
    private Span<byte> FindDirect(bool isWritable, ulong position, ulong byteCount, out ulong ramOffset)
    {
        ulong contiguous = Math.Min(Chain.ContiguousByteCount(isWritable, position), byteCount);
        int usable = (int)Math.Min(contiguous, DirectMaxByteCount) / SectorByteCount * SectorByteCount;
        if (usable == 0 || ((ulong)usable < byteCount && usable < BounceByteCount))
        {
            ramOffset = 0;
            return [];
        }

        return Chain.FindContiguous(isWritable, position, usable, out ramOffset);
    }

    private Span<byte> Bounce(ulong byteCount)
    {
        int chunk = (int)Math.Min(byteCount, BounceByteCount);
        if (_bounce.Length == 0)
        {
            _bounce = GC.AllocateUninitializedArray<byte>(BounceByteCount, pinned: true);
        }

        return _bounce.AsSpan(0, chunk);
    }

    private void ExecuteRanges(BlockOperation operation, uint maxSectors, uint maxSegments)
    {
        ulong byteCount = Chain.ReadableByteCount - HeaderByteCount;
        if (byteCount == 0 || byteCount % RangeByteCount != 0 || byteCount / RangeByteCount > maxSegments || Device.IsReadOnly)
        {
            Status = StatusIoError;
            return;
        }

        Span<byte> range = stackalloc byte[RangeByteCount];
        for (ulong done = 0; done < byteCount && Status == StatusOk; done += RangeByteCount)
        {
            if (!Chain.TryRead(HeaderByteCount + done, range))
            {
                TouchedBadMemory = true;
                return;
            }

            ExecuteRange(operation, maxSectors, range);
        }

        if (operation == BlockOperation.WriteZeroes && Status == StatusOk)
        {
            MakeDurableIfWriteThrough();
        }
    }

    private void ExecuteRange(BlockOperation operation, uint maxSectors, ReadOnlySpan<byte> range)
    {
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(range);
        uint sectorCount = BinaryPrimitives.ReadUInt32LittleEndian(range[8..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(range[12..]);
        bool isWriteZeroes = operation == BlockOperation.WriteZeroes;
        if ((flags & ~(isWriteZeroes ? FlagUnmap : 0u)) != 0)
        {
            Status = StatusUnsupported;
            return;
        }

        if (sectorCount > maxSectors || sectorCount > Device.SectorCount || sector > Device.SectorCount - sectorCount)
        {
            Status = StatusIoError;
            return;
        }

        ulong byteOffset = sector * SectorByteCount;
        ulong byteCount = (ulong)sectorCount * SectorByteCount;
        BlockResult result = isWriteZeroes
            ? Device.Backend.WriteZeroes(byteOffset, byteCount, mayUnmap: (flags & FlagUnmap) != 0)
            : Device.Backend.Discard(byteOffset, byteCount);
        Finish(operation, byteOffset, byteCount, result);
    }

    private void MakeDurableIfWriteThrough()
    {
        if (!Device.IsWriteBack)
        {
            Finish(BlockOperation.Flush, 0, 0, Device.Backend.Flush());
        }
    }

    private void Finish(BlockOperation operation, ulong byteOffset, ulong byteCount, BlockResult result)
    {
        if (result != BlockResult.Ok)
        {
            Status = StatusIoError;
            Fault = new BlockFault(Device.Name, operation, byteOffset, byteCount, result, Text: Device.Backend.FailureText);
        }
    }
}
