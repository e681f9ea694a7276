using System;
using System.IO;
using Sosia.Core;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Raw;

/// <summary>
/// A disk that starts with the contents of another one and keeps its own changes in a temporary file, which has no name and vanishes
/// with the machine, however that ends. The other disk is only read.
/// </summary>
public sealed class OverlayBackend : IBlockBackend
{
    private const int BlockByteCount = 4096;
    private const int BitsPerPage = 64 * 512;

    private readonly IBlockBackend _base;
    private readonly HostFile _overlay;
    private static readonly byte[] ZeroBlock = new byte[BlockByteCount];

    private readonly byte[] _scratch = new byte[BlockByteCount];

    // Which blocks are in the overlay: one bit each, in pages that exist from the first change on (1 bit per 4 KiB changed at worst
    // costs one page of 4 KiB per 128 MiB of disk touched).
    private readonly ulong[]?[] _present;

    private bool _cannotPunch;

    private OverlayBackend(IBlockBackend baseBackend, HostFile overlay)
    {
        _base = baseBackend;
        _overlay = overlay;
        ulong blockCount = (baseBackend.ByteCount + BlockByteCount - 1) / BlockByteCount;
        _present = new ulong[]?[(blockCount + BitsPerPage - 1) / BitsPerPage];
    }

    /// <inheritdoc/>
    public ulong ByteCount => _base.ByteCount;

    /// <inheritdoc/>
    public bool IsReadOnly => false;

    /// <inheritdoc/>
    public int LogicalBlockByteCount => _base.LogicalBlockByteCount;

    /// <inheritdoc/>
    public int PhysicalBlockByteCount => _base.PhysicalBlockByteCount;

    /// <summary>Lays an empty overlay over a disk, which the overlay then owns.</summary>
    /// <param name="baseBackend">The disk below; is disposed with the overlay, and when there is an error.</param>
    /// <param name="temporaryDirectory">Where the changes are kept; null for $TMPDIR, or /var/tmp without one.</param>
    /// <exception cref="SosiaException">The temporary file cannot be made.</exception>
    public static OverlayBackend Create(IBlockBackend baseBackend, string? temporaryDirectory = null)
    {
        string directory = temporaryDirectory ?? Environment.GetEnvironmentVariable("TMPDIR") ?? DefaultDirectory();
        HostFile? overlay = HostFile.TryCreateUnlinked(directory, out int error);
        if (overlay is null)
        {
            baseBackend.Dispose();
            throw new SosiaException($"The temporary file for a snapshot drive cannot be made in '{directory}' ({HostError.Describe(error)}); set TMPDIR to a directory with free space.", FailureKind.Host);
        }

        return new OverlayBackend(baseBackend, overlay);
    }

    /// <inheritdoc/>
    public BlockResult Read(ulong byteOffset, Span<byte> destination)
    {
        if (!Contains(byteOffset, (ulong)destination.Length))
        {
            return BlockResult.OutOfRange;
        }

        while (!destination.IsEmpty)
        {
            bool isPresent = IsPresent(byteOffset / BlockByteCount);
            int run = RunByteCount(byteOffset, destination.Length, isPresent);
            BlockResult result = isPresent ? ReadOverlay(byteOffset, destination[..run]) : _base.Read(byteOffset, destination[..run]);
            if (result != BlockResult.Ok)
            {
                return result;
            }

            destination = destination[run..];
            byteOffset += (ulong)run;
        }

        return BlockResult.Ok;
    }

    /// <inheritdoc/>
    public BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        if (!Contains(byteOffset, (ulong)source.Length))
        {
            return BlockResult.OutOfRange;
        }

        while (!source.IsEmpty)
        {
            ulong block = byteOffset / BlockByteCount;
            int inBlock = (int)(byteOffset % BlockByteCount);
            int chunk;
            BlockResult result;
            if (inBlock == 0 && source.Length >= BlockLength(block))
            {
                chunk = WholeBlocksByteCount(byteOffset, source.Length);
                result = WriteBlocks(byteOffset, source[..chunk]);
            }
            else
            {
                chunk = Math.Min(source.Length, BlockByteCount - inBlock);
                result = WritePartOfBlock(block, inBlock, source[..chunk]);
            }

            if (result != BlockResult.Ok)
            {
                return result;
            }

            source = source[chunk..];
            byteOffset += (ulong)chunk;
        }

        return BlockResult.Ok;
    }

    /// <summary>Does nothing: what is kept here need not outlive the process.</summary>
    public BlockResult Flush() => BlockResult.Ok;

    /// <inheritdoc/>
    public BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        if (!Contains(byteOffset, byteCount))
        {
            return BlockResult.OutOfRange;
        }

        ulong end = (byteOffset + byteCount) / BlockByteCount * BlockByteCount;
        ulong start = (byteOffset + BlockByteCount - 1) / BlockByteCount * BlockByteCount;
        return _cannotPunch || start >= end ? BlockResult.Ok : PunchBlocks(start, end, out _);
    }

    /// <inheritdoc/>
    public BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        if (!Contains(byteOffset, byteCount))
        {
            return BlockResult.OutOfRange;
        }

        ulong end = byteOffset + byteCount;
        while (byteOffset < end)
        {
            ulong wholeEnd = end / BlockByteCount * BlockByteCount;
            if (byteOffset % BlockByteCount == 0 && byteOffset < wholeEnd && !_cannotPunch)
            {
                BlockResult punched = PunchBlocks(byteOffset, wholeEnd, out bool isDone);
                if (punched != BlockResult.Ok)
                {
                    return punched;
                }

                byteOffset = isDone ? wholeEnd : byteOffset;
                continue;
            }

            int chunk = (int)Math.Min(end - byteOffset, BlockByteCount - (byteOffset % BlockByteCount));
            BlockResult result = WritePartOfBlock(byteOffset / BlockByteCount, (int)(byteOffset % BlockByteCount), ZeroBlock.AsSpan(0, chunk));
            if (result != BlockResult.Ok)
            {
                return result;
            }

            byteOffset += (ulong)chunk;
        }

        return BlockResult.Ok;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _overlay.Dispose();
        _base.Dispose();
    }

    // /tmp is often memory; /var/tmp is not.
    private static string DefaultDirectory() => Directory.Exists("/var/tmp") ? "/var/tmp" : "/tmp";

    private BlockResult ReadOverlay(ulong byteOffset, Span<byte> destination)
    {
        int error = _overlay.Read(byteOffset, destination, out int readByteCount);
        // The temporary file ends at the last block ever written; zeroed blocks beyond were never written.
        destination[readByteCount..].Clear();
        return ImageErrors.Translate(error);
    }

    private BlockResult WriteBlocks(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        BlockResult result = ImageErrors.Translate(_overlay.Write(byteOffset, source));
        if (result == BlockResult.Ok)
        {
            MarkPresent(byteOffset, byteOffset + (ulong)source.Length);
        }

        return result;
    }

    private BlockResult WritePartOfBlock(ulong block, int inBlock, ReadOnlySpan<byte> source)
    {
        ulong blockOffset = block * BlockByteCount;
        if (IsPresent(block))
        {
            return ImageErrors.Translate(_overlay.Write(blockOffset + (ulong)inBlock, source));
        }

        Span<byte> whole = _scratch.AsSpan(0, BlockLength(block));
        BlockResult result = _base.Read(blockOffset, whole);
        if (result != BlockResult.Ok)
        {
            return result;
        }

        source.CopyTo(whole[inBlock..]);
        return WriteBlocks(blockOffset, whole);
    }

    private BlockResult PunchBlocks(ulong start, ulong end, out bool isDone)
    {
        int error = _overlay.PunchHole(start, end - start);
        _cannotPunch = error is HostError.NotSupported or HostError.NotImplemented;
        isDone = error == HostError.None;
        if (isDone)
        {
            MarkPresent(start, end);
        }

        return _cannotPunch ? BlockResult.Ok : ImageErrors.Translate(error);
    }

    private int BlockLength(ulong block) => (int)Math.Min(BlockByteCount, ByteCount - (block * BlockByteCount));

    // The bytes of whole blocks at the start of a range; the disk's last block may be short.
    private int WholeBlocksByteCount(ulong byteOffset, int byteCount)
        => byteOffset + (ulong)byteCount == ByteCount ? byteCount : byteCount / BlockByteCount * BlockByteCount;

    private int RunByteCount(ulong byteOffset, int byteCount, bool isPresent)
    {
        int run = Math.Min(byteCount, BlockByteCount - (int)(byteOffset % BlockByteCount));
        while (run < byteCount && IsPresent((byteOffset + (ulong)run) / BlockByteCount) == isPresent)
        {
            run = Math.Min(byteCount, run + BlockByteCount);
        }

        return run;
    }

    private bool IsPresent(ulong block)
    {
        ulong[]? page = _present[block / BitsPerPage];
        int bit = (int)(block % BitsPerPage);
        return page is not null && (page[bit / 64] >> (bit % 64) & 1) != 0;
    }

    private void MarkPresent(ulong start, ulong end)
    {
        for (ulong block = start / BlockByteCount; block * BlockByteCount < end; block++)
        {
            ulong[] page = _present[block / BitsPerPage] ??= new ulong[BitsPerPage / 64];
            int bit = (int)(block % BitsPerPage);
            page[bit / 64] |= 1UL << (bit % 64);
        }
    }

    private bool Contains(ulong byteOffset, ulong byteCount) => byteCount <= ByteCount && byteOffset <= ByteCount - byteCount;
}
