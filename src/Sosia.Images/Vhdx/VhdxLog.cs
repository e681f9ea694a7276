using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Core;

namespace Sosia.Images.Vhdx;

/// <summary>The log of changes to metadata that other programs write, and its replay ([MS-VHDX] 2.3).</summary>
internal sealed class VhdxLog
{
    private const int SectorByteCount = 4096;
    private const int EntryHeaderByteCount = 64;
    private const int DescriptorByteCount = 32;
    private const uint MaxLogByteCount = 256 << 20;

    private readonly ImageFile _file;
    private readonly VhdxHeader _header;
    private readonly byte[] _log;

    private VhdxLog(ImageFile file, VhdxHeader header)
    {
        _file = file;
        _header = header;
        if (header.LogByteCount is 0 or > MaxLogByteCount || header.LogByteCount % VhdxLayout.MegaByte != 0 || header.LogOffset % VhdxLayout.MegaByte != 0)
        {
            throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, "its log is misplaced");
        }

        if (header.LogOffset > file.ByteCount || header.LogByteCount > file.ByteCount - header.LogOffset)
        {
            throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, "its log lies outside the file");
        }

        _log = new byte[header.LogByteCount];
        file.ReadOrThrow(header.LogOffset, _log, VhdxLayout.Name, "its log");
    }

    /// <summary>Repeats the changes that an interrupted program had logged, and marks the log as empty.</summary>
    /// <exception cref="SosiaException">The log is damaged, or the host failed.</exception>
    public static void Replay(ImageFile file, VhdxHeader header)
    {
        var log = new VhdxLog(file, header);
        List<int> sequence = log.FindActiveSequence();
        if (sequence.Count == 0)
        {
            throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, "its log has no valid entries");
        }

        foreach (int entry in sequence)
        {
            log.Apply(entry);
        }

        ImageErrors.ThrowIfFailed(file.Path, "repaired", file.Flush());
        ImageErrors.ThrowIfFailed(file.Path, "repaired", header.Renew(file, keepsLog: false));
    }

    // The longest run of entries with consecutive numbers whose last one says that the run begins at or after its first.
    private List<int> FindActiveSequence()
    {
        List<int> best = [];
        ulong bestSequence = 0;
        HashSet<int> seen = [];
        for (int start = 0; start < _log.Length; start += SectorByteCount)
        {
            if (seen.Contains(start) || !IsEntry(start, out ulong first, out _))
            {
                continue;
            }

            List<int> run = [];
            ulong expected = first;
            int position = start;
            while (run.Count <= _log.Length / SectorByteCount && IsEntry(position, out ulong number, out int length) && number == expected)
            {
                run.Add(position);
                seen.Add(position);
                expected++;
                position = (position + length) % _log.Length;
            }

            int tail = (int)U32(Entry(run[^1], EntryHeaderByteCount), 12);
            int tailIndex = run.IndexOf(tail);
            if (tailIndex >= 0 && (best.Count == 0 || expected > bestSequence))
            {
                best = run[tailIndex..];
                bestSequence = expected;
            }
        }

        return best;
    }

    private bool IsEntry(int position, out ulong sequence, out int byteCount)
    {
        sequence = 0;
        byteCount = 0;
        byte[] header = Entry(position, EntryHeaderByteCount);
        uint length = U32(header, 8);
        if (!header.AsSpan().StartsWith("loge"u8) || length == 0 || length % SectorByteCount != 0 || length > (uint)_log.Length || new Guid(header.AsSpan(32, 16)) != _header.LogId)
        {
            return false;
        }

        sequence = U64(header, 16);
        byteCount = (int)length;
        return sequence != 0 && VhdxLayout.HasGoodChecksum(Entry(position, byteCount));
    }

    private void Apply(int position)
    {
        byte[] entry = Entry(position, (int)U32(Entry(position, EntryHeaderByteCount), 8));
        uint count = U32(entry, 24);
        ulong sequence = U64(entry, 16);
        ulong flushedByteCount = U64(entry, 48);
        ulong lastByteCount = U64(entry, 56);
        long descriptorsEnd = (EntryHeaderByteCount + ((long)count * DescriptorByteCount) + SectorByteCount - 1) / SectorByteCount * SectorByteCount;
        Require(descriptorsEnd <= entry.Length && flushedByteCount <= _file.ByteCount && lastByteCount <= VhdxLayout.MaxDiskByteCount * 2);
        if (lastByteCount > _file.ByteCount)
        {
            ImageErrors.ThrowIfFailed(_file.Path, "repaired", _file.SetByteCount(lastByteCount));
        }

        int data = (int)descriptorsEnd;
        for (int i = 0; i < (int)count; i++)
        {
            Span<byte> descriptor = entry.AsSpan(EntryHeaderByteCount + (i * DescriptorByteCount), DescriptorByteCount);
            ulong place = U64(descriptor, 16);
            Require(U64(descriptor, 24) == sequence && place % SectorByteCount == 0 && place <= _file.ByteCount);
            if (descriptor.StartsWith("zero"u8))
            {
                ulong byteCount = U64(descriptor, 8);
                Require(byteCount <= _file.ByteCount - place);
                ImageErrors.ThrowIfFailed(_file.Path, "repaired", _file.WriteZeroes(place, byteCount, mayUnmap: false));
                continue;
            }

            Require(descriptor.StartsWith("desc"u8) && data + SectorByteCount <= entry.Length);
            Span<byte> sector = entry.AsSpan(data, SectorByteCount);
            Require(sector.StartsWith("data"u8) && U32(sector, 4) == (uint)(sequence >> 32) && U32(sector, SectorByteCount - 4) == (uint)sequence);
            descriptor.Slice(8, 8).CopyTo(sector);
            descriptor.Slice(4, 4).CopyTo(sector[^4..]);
            ImageErrors.ThrowIfFailed(_file.Path, "repaired", _file.Write(place, sector));
            data += SectorByteCount;
        }
    }

    // The log is a ring.
    private byte[] Entry(int position, int byteCount)
    {
        byte[] bytes = new byte[byteCount];
        int first = Math.Min(byteCount, _log.Length - position);
        _log.AsSpan(position, first).CopyTo(bytes);
        _log.AsSpan(0, byteCount - first).CopyTo(bytes.AsSpan(first));
        return bytes;
    }

    private void Require(bool condition)
    {
        if (!condition)
        {
            throw ImageErrors.Damaged(_file.Path, VhdxLayout.Name, "an entry of its log is impossible");
        }
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
