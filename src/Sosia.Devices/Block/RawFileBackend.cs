using System;
using Sosia.Core;
using Sosia.Host.Linux.Files;

namespace Sosia.Devices.Block;

/// <summary>
/// A disk whose bytes are those of a file or block device of the host. A writable file is locked against every other user, a
/// read-only one against writers (an advisory lock: flock(2)).
/// </summary>
public sealed class RawFileBackend : IBlockBackend
{
    private const int SectorByteCount = 512;
    private const int ZeroBufferByteCount = 64 * 1024;

    private static readonly byte[] Zeroes = new byte[ZeroBufferByteCount];

    private readonly HostFile _file;
    private bool _cannotPunch;
    private bool _cannotZero;

    private RawFileBackend(HostFile file, ulong byteCount, bool readOnly)
    {
        _file = file;
        ByteCount = byteCount;
        IsReadOnly = readOnly;
    }

    /// <inheritdoc/>
    public ulong ByteCount { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <inheritdoc/>
    public int LogicalBlockByteCount => SectorByteCount;

    /// <inheritdoc/>
    public int PhysicalBlockByteCount => 4096;

    /// <summary>Opens and locks a disk image.</summary>
    /// <param name="path">The file or block device.</param>
    /// <param name="readOnly">True to open it for reading only.</param>
    /// <exception cref="SosiaException">It cannot be opened, is in use, or is no disk image; the message says which.</exception>
    public static RawFileBackend Open(string path, bool readOnly)
    {
        HostFile? file = HostFile.TryOpen(path, !readOnly, out int error);
        if (file is null)
        {
            throw new SosiaException(DescribeOpenError(path, readOnly, error));
        }

        try
        {
            return new RawFileBackend(file, Check(file, path, readOnly), readOnly);
        }
        catch (SosiaException)
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public BlockResult Read(ulong byteOffset, Span<byte> destination)
    {
        if (!Contains(byteOffset, (ulong)destination.Length))
        {
            return BlockResult.OutOfRange;
        }

        int error = _file.Read(byteOffset, destination, out int readByteCount);
        return error != HostError.None ? Translate(error) : readByteCount == destination.Length ? BlockResult.Ok : BlockResult.Truncated;
    }

    /// <inheritdoc/>
    public BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        BlockResult allowed = CheckChange(byteOffset, (ulong)source.Length);
        return allowed != BlockResult.Ok ? allowed : Translate(_file.Write(byteOffset, source));
    }

    /// <inheritdoc/>
    public BlockResult Flush() => IsReadOnly ? BlockResult.Ok : Translate(_file.FlushData());

    /// <inheritdoc/>
    public BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        BlockResult allowed = CheckChange(byteOffset, byteCount);
        if (allowed != BlockResult.Ok || _cannotPunch)
        {
            return allowed;
        }

        int error = _file.PunchHole(byteOffset, byteCount);
        _cannotPunch = IsLackOfSupport(error);
        return _cannotPunch ? BlockResult.Ok : Translate(error);
    }

    /// <inheritdoc/>
    public BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        BlockResult allowed = CheckChange(byteOffset, byteCount);
        if (allowed != BlockResult.Ok)
        {
            return allowed;
        }

        if (mayUnmap && !_cannotPunch)
        {
            int error = _file.PunchHole(byteOffset, byteCount);
            _cannotPunch = IsLackOfSupport(error);
            if (!_cannotPunch)
            {
                return Translate(error);
            }
        }

        if (!_cannotZero)
        {
            int error = _file.ZeroRange(byteOffset, byteCount);
            _cannotZero = IsLackOfSupport(error);
            if (!_cannotZero)
            {
                return Translate(error);
            }
        }

        while (byteCount > 0)
        {
            int chunk = (int)Math.Min(byteCount, ZeroBufferByteCount);
            int error = _file.Write(byteOffset, Zeroes.AsSpan(0, chunk));
            if (error != HostError.None)
            {
                return Translate(error);
            }

            byteOffset += (ulong)chunk;
            byteCount -= (ulong)chunk;
        }

        return BlockResult.Ok;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal static BlockResult Translate(int error) => error switch
    {
        HostError.None => BlockResult.Ok,
        HostError.NoSpace or HostError.QuotaExceeded or HostError.FileTooLarge => BlockResult.NoSpace,
        HostError.NotPermitted or HostError.ReadOnlyFileSystem => BlockResult.ReadOnly,
        _ => BlockResult.HostError,
    };

    private static bool IsLackOfSupport(int error)
        => error is HostError.NotSupported or HostError.NotImplemented or HostError.InvalidArgument or HostError.NoDevice;

    private static string DescribeOpenError(string path, bool readOnly, int error) => error switch
    {
        HostError.NoEntry or HostError.NotDirectory => $"The disk image '{path}' does not exist; check the path, or create it, for example with: truncate -s 1G '{path}'.",
        HostError.AccessDenied or HostError.NotPermitted or HostError.ReadOnlyFileSystem => readOnly
            ? $"The disk image '{path}' cannot be read ({HostError.Describe(error)}); change its permissions."
            : $"The disk image '{path}' cannot be written ({HostError.Describe(error)}); change its permissions, or add readonly or snapshot to the drive.",
        HostError.IsDirectory => DescribeDirectory(path),
        _ => $"The disk image '{path}' cannot be opened ({HostError.Describe(error)}); check the path.",
    };

    private static string DescribeDirectory(string path) => $"The disk image '{path}' is a directory; name a file or a block device.";

    private static ulong Check(HostFile file, string path, bool readOnly)
    {
        switch (file.Kind)
        {
            case HostFileKind.Regular:
            case HostFileKind.BlockDevice:
                break;
            case HostFileKind.Directory:
                throw new SosiaException(DescribeDirectory(path));
            default:
                throw new SosiaException($"The disk image '{path}' is neither a regular file nor a block device; name one of these.");
        }

        // File systems without locks (some network ones) answer with another error: then there is nothing to lock.
        if (file.TryLock(exclusive: !readOnly) == HostError.WouldBlock)
        {
            throw new SosiaException($"The disk image '{path}' is in use by another virtual machine; stop that one, or give every user of the image readonly or snapshot.");
        }

        int error = file.TryGetByteCount(out ulong byteCount);
        if (error != HostError.None)
        {
            throw new SosiaException($"The size of the disk image '{path}' cannot be found ({HostError.Describe(error)}).");
        }

        if (byteCount == 0)
        {
            throw new SosiaException($"The disk image '{path}' is empty; give it a size, for example with: truncate -s 1G '{path}'.");
        }

        if (byteCount % SectorByteCount != 0)
        {
            throw new SosiaException($"The disk image '{path}' has {byteCount} bytes, which is not a multiple of {SectorByteCount}; extend it, for example with: truncate -s %{SectorByteCount} '{path}'.");
        }

        return byteCount;
    }

    private BlockResult CheckChange(ulong byteOffset, ulong byteCount)
        => IsReadOnly ? BlockResult.ReadOnly : Contains(byteOffset, byteCount) ? BlockResult.Ok : BlockResult.OutOfRange;

    private bool Contains(ulong byteOffset, ulong byteCount) => byteCount <= ByteCount && byteOffset <= ByteCount - byteCount;
}
