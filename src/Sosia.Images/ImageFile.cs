using System;
using Sosia.Core;
using Sosia.Host.Linux.Files;

namespace Sosia.Images;

/// <summary>
/// The file under an image. A writable one is locked against every other user, a read-only one against writers (an advisory lock:
/// flock(2), which ends with the process).
/// </summary>
internal sealed class ImageFile : IDisposable
{
    private const int ZeroBufferByteCount = 64 * 1024;

    private static readonly byte[] Zeroes = new byte[ZeroBufferByteCount];

    private readonly HostFile _file;
    private bool _hasUnsyncedWrites;
    private bool _cannotPunch;
    private bool _cannotZero;
    private bool _cannotSeek;

    private ImageFile(HostFile file, string path, bool isReadOnly, ulong byteCount)
    {
        _file = file;
        Path = path;
        IsReadOnly = isReadOnly;
        ByteCount = byteCount;
    }

    public string Path { get; }

    public bool IsReadOnly { get; }

    /// <summary>The file's size; this process is the only one that changes it.</summary>
    public ulong ByteCount { get; private set; }

    public bool IsBlockDevice => _file.Kind == HostFileKind.BlockDevice;

    /// <summary>Opens and locks a file or block device.</summary>
    /// <exception cref="SosiaException">It cannot be opened, is in use, or can be no disk image; the message says which.</exception>
    public static ImageFile Open(string path, bool readOnly)
    {
        HostFile? file = HostFile.TryOpen(path, !readOnly, out int error);
        if (file is null)
        {
            throw new SosiaException(DescribeOpenError(path, readOnly, error));
        }

        try
        {
            return new ImageFile(file, path, readOnly, Check(file, path, readOnly));
        }
        catch (SosiaException)
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Creates and locks an empty file; what exists is never touched.</summary>
    /// <exception cref="SosiaException">It cannot be created.</exception>
    public static ImageFile Create(string path)
    {
        HostFile? file = HostFile.TryCreate(path, out int error);
        if (file is null)
        {
            throw new SosiaException(error == HostError.Exists
                ? $"The file '{path}' exists already; name another one, or say --force to replace it."
                : $"The file '{path}' cannot be created ({HostError.Describe(error)}); check the path and its permissions.");
        }

        file.TryLock(exclusive: true);
        return new ImageFile(file, path, isReadOnly: false, 0);
    }

    /// <summary>The device and inode numbers; zeros where the host does not tell.</summary>
    public (ulong Device, ulong Inode) Identity => _file.TryGetIdentity(out (ulong, ulong) identity) == HostError.None ? identity : default;

    /// <summary>Reads; what is beyond the file's end reads as zeros.</summary>
    public BlockResult Read(ulong byteOffset, Span<byte> destination)
    {
        if (byteOffset > long.MaxValue - (ulong)destination.Length)
        {
            return BlockResult.Corrupt;
        }

        int error = _file.Read(byteOffset, destination, out int readByteCount);
        destination[readByteCount..].Clear();
        return ImageErrors.Translate(error);
    }

    /// <summary>Reads into runs of memory; what is beyond the file's end reads as zeros.</summary>
    public BlockResult Read(ulong byteOffset, ReadOnlySpan<HostSegment> destination)
    {
        ulong byteCount = HostSegment.CountBytes(destination);
        if (byteOffset > long.MaxValue - byteCount)
        {
            return BlockResult.Corrupt;
        }

        int error = _file.Read(byteOffset, destination, out ulong readByteCount);
        ulong missing = byteCount - readByteCount;
        for (int i = destination.Length - 1; i >= 0 && missing > 0; i--)
        {
            int clear = (int)Math.Min(missing, (ulong)destination[i].ByteCount);
            destination[i].Span[^clear..].Clear();
            missing -= (ulong)clear;
        }

        return ImageErrors.Translate(error);
    }

    /// <summary>Reads what must be there into runs of memory.</summary>
    public BlockResult ReadAll(ulong byteOffset, ReadOnlySpan<HostSegment> destination)
    {
        ulong byteCount = HostSegment.CountBytes(destination);
        if (byteOffset > long.MaxValue - byteCount)
        {
            return BlockResult.Corrupt;
        }

        int error = _file.Read(byteOffset, destination, out ulong readByteCount);
        return error != HostError.None ? ImageErrors.Translate(error) : readByteCount == byteCount ? BlockResult.Ok : BlockResult.Truncated;
    }

    /// <summary>Reads what must be there.</summary>
    public BlockResult ReadAll(ulong byteOffset, Span<byte> destination)
    {
        if (byteOffset > long.MaxValue - (ulong)destination.Length)
        {
            return BlockResult.Corrupt;
        }

        int error = _file.Read(byteOffset, destination, out int readByteCount);
        return error != HostError.None ? ImageErrors.Translate(error) : readByteCount == destination.Length ? BlockResult.Ok : BlockResult.Truncated;
    }

    /// <summary>Reads a part of an image that must be there, when it is opened.</summary>
    /// <exception cref="SosiaException">The file is too short, or the host failed.</exception>
    public void ReadOrThrow(ulong byteOffset, Span<byte> destination, string format, string what)
    {
        if (byteOffset > ByteCount || ByteCount - byteOffset < (ulong)destination.Length)
        {
            throw ImageErrors.Damaged(Path, format, $"{what} lies outside the file");
        }

        ImageErrors.ThrowIfFailed(Path, "read", ReadAll(byteOffset, destination));
    }

    /// <summary>Writes; the file grows as needed.</summary>
    public BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        if (IsReadOnly)
        {
            return BlockResult.ReadOnly;
        }

        _hasUnsyncedWrites = true;
        return NoteWritten(_file.Write(byteOffset, source), byteOffset + (ulong)source.Length);
    }

    /// <summary>Writes runs of memory; the file grows as needed.</summary>
    public BlockResult Write(ulong byteOffset, ReadOnlySpan<HostSegment> source)
    {
        if (IsReadOnly)
        {
            return BlockResult.ReadOnly;
        }

        _hasUnsyncedWrites = true;
        return NoteWritten(_file.Write(byteOffset, source), byteOffset + HostSegment.CountBytes(source));
    }

    /// <summary>Returns when everything written through this object is durable; costs nothing when nothing was.</summary>
    public BlockResult Flush()
    {
        if (!_hasUnsyncedWrites)
        {
            return BlockResult.Ok;
        }

        int error = _file.FlushData();
        _hasUnsyncedWrites = error != HostError.None;
        return ImageErrors.Translate(error);
    }

    public BlockResult SetByteCount(ulong byteCount)
    {
        _hasUnsyncedWrites = true;
        int error = _file.SetByteCount(byteCount);
        if (error == HostError.None)
        {
            ByteCount = byteCount;
        }

        return ImageErrors.Translate(error);
    }

    /// <summary>Reserves space on the host, and makes the file that long.</summary>
    public BlockResult Reserve(ulong byteOffset, ulong byteCount)
    {
        _hasUnsyncedWrites = true;
        int error = _file.Reserve(byteOffset, byteCount);
        if (IsLackOfSupport(error))
        {
            return WriteZeroBytes(byteOffset, byteCount);
        }

        if (error == HostError.None)
        {
            ByteCount = Math.Max(ByteCount, byteOffset + byteCount);
        }

        return ImageErrors.Translate(error);
    }

    /// <summary>Gives a range's space back to the host, which is a hint: the range reads as zeros afterwards, or as before.</summary>
    /// <param name="byteOffset">First byte.</param>
    /// <param name="byteCount">How many.</param>
    /// <param name="isDone">True when it reads as zeros now.</param>
    public BlockResult Punch(ulong byteOffset, ulong byteCount, out bool isDone)
    {
        isDone = false;
        if (_cannotPunch)
        {
            return BlockResult.Ok;
        }

        _hasUnsyncedWrites = true;
        int error = _file.PunchHole(byteOffset, byteCount);
        _cannotPunch = IsLackOfSupport(error);
        isDone = error == HostError.None;
        return _cannotPunch ? BlockResult.Ok : ImageErrors.Translate(error);
    }

    /// <summary>Makes a range read as zeros.</summary>
    public BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        if (mayUnmap)
        {
            BlockResult result = Punch(byteOffset, byteCount, out bool isDone);
            if (isDone || result != BlockResult.Ok)
            {
                return result;
            }
        }

        if (!_cannotZero)
        {
            _hasUnsyncedWrites = true;
            int error = _file.ZeroRange(byteOffset, byteCount);
            _cannotZero = IsLackOfSupport(error);
            if (!_cannotZero)
            {
                return ImageErrors.Translate(error);
            }
        }

        return WriteZeroBytes(byteOffset, byteCount);
    }

    /// <summary>Finds out what is a hole of the file, as far as the host tells.</summary>
    public ImageExtent Locate(ulong byteOffset, ulong maxByteCount)
    {
        if (byteOffset >= ByteCount)
        {
            return new ImageExtent(maxByteCount, true);
        }

        if (_cannotSeek || IsBlockDevice)
        {
            return new ImageExtent(maxByteCount, false);
        }

        ulong end = byteOffset + maxByteCount;
        if (_file.SeekExtent(byteOffset, forData: true, out ulong data) != HostError.None)
        {
            _cannotSeek = true;
            return new ImageExtent(maxByteCount, false);
        }

        if (data > byteOffset)
        {
            return new ImageExtent(Math.Min(data, end) - byteOffset, true);
        }

        return _file.SeekExtent(byteOffset, forData: false, out ulong hole) == HostError.None && hole > byteOffset
            ? new ImageExtent(Math.Min(hole, end) - byteOffset, false)
            : new ImageExtent(maxByteCount, false);
    }

    public void Dispose() => _file.Dispose();

    private BlockResult NoteWritten(int error, ulong end)
    {
        if (error == HostError.None)
        {
            ByteCount = Math.Max(ByteCount, end);
            return BlockResult.Ok;
        }

        // Part of it may have been written.
        if (_file.TryGetByteCount(out ulong byteCount) == HostError.None)
        {
            ByteCount = byteCount;
        }

        return ImageErrors.Translate(error);
    }

    private BlockResult WriteZeroBytes(ulong byteOffset, ulong byteCount)
    {
        while (byteCount > 0)
        {
            int chunk = (int)Math.Min(byteCount, ZeroBufferByteCount);
            BlockResult result = Write(byteOffset, Zeroes.AsSpan(0, chunk));
            if (result != BlockResult.Ok)
            {
                return result;
            }

            byteOffset += (ulong)chunk;
            byteCount -= (ulong)chunk;
        }

        return BlockResult.Ok;
    }

    private static bool IsLackOfSupport(int error)
        => error is HostError.NotSupported or HostError.NotImplemented or HostError.InvalidArgument or HostError.NoDevice;

    private static string DescribeOpenError(string path, bool readOnly, int error) => error switch
    {
        HostError.NoEntry or HostError.NotDirectory => $"The disk image '{path}' does not exist; check the path, or create it, for example with: ./sosia disk create '{path}' 1G.",
        HostError.AccessDenied or HostError.NotPermitted or HostError.ReadOnlyFileSystem => readOnly
            ? $"The disk image '{path}' cannot be read ({HostError.Describe(error)}); change its permissions."
            : $"The disk image '{path}' cannot be written ({HostError.Describe(error)}); change its permissions, or add readonly or snapshot to the drive.",
        HostError.IsDirectory => DescribeDirectory(path),
        _ => $"The disk image '{path}' cannot be opened ({HostError.Describe(error)}); check the path.",
    };

    private static string DescribeDirectory(string path) => $"The disk image '{path}' is a directory; name a file or a block device, or show the folder as a disk with fat:{path}.";

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
        return error == HostError.None
            ? byteCount
            : throw new SosiaException($"The size of the disk image '{path}' cannot be found ({HostError.Describe(error)}).");
    }
}
