using System;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sosia.Host.Linux.Files;

/// <summary>
/// A file or block device of the host for positioned I/O. Errors are error numbers, not exceptions: disk I/O errors are ordinary
/// events for a guest, and .NET's own RandomAccess neither reports them as values nor offers fdatasync, flock and fallocate.
/// </summary>
public sealed unsafe partial class HostFile : IDisposable
{
    private const int OpenReadOnly = 0;
    private const int OpenReadWrite = 2;
    private const int OpenCreate = 0x40;
    private const int OpenExclusive = 0x80;
    private const int OpenNonBlocking = 0x800;
    private const int OpenCloseOnExec = 0x80000;
    private const int LockShared = 1;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int SeekEnd = 2;
    private const int FallocateKeepSize = 1;
    private const int FallocatePunchHole = 2;
    private const int FallocateZeroRange = 0x10;
    private const int AtEmptyPath = 0x1000;
    private const uint StatxType = 1;
    private const int StatxByteCount = 256;
    private const int StatxModeOffset = 0x1c;

    private readonly SafeFileHandle _handle;

    private HostFile(SafeFileHandle handle, HostFileKind kind)
    {
        _handle = handle;
        Kind = kind;
    }

    /// <summary>What was opened.</summary>
    public HostFileKind Kind { get; }

    /// <summary>Opens an existing file. Opening never waits, not even for a pipe's other end.</summary>
    /// <param name="path">The path.</param>
    /// <param name="writable">True for reading and writing.</param>
    /// <param name="error">The error number when null is returned.</param>
    public static HostFile? TryOpen(string path, bool writable, out int error)
    {
        SafeFileHandle handle = Open(path, (writable ? OpenReadWrite : OpenReadOnly) | OpenCloseOnExec | OpenNonBlocking, 0);
        return Wrap(handle, out error);
    }

    /// <summary>Creates an empty file without a name: its space returns to the host when it is closed, however the process ends.</summary>
    /// <param name="directory">Where its space is taken from.</param>
    /// <param name="error">The error number when null is returned.</param>
    public static HostFile? TryCreateUnlinked(string directory, out int error)
    {
        string path = Path.Combine(directory, "sosia-" + Guid.NewGuid().ToString("N"));
        SafeFileHandle handle = Open(path, OpenReadWrite | OpenCreate | OpenExclusive | OpenCloseOnExec, 0x180);
        HostFile? file = Wrap(handle, out error);
        if (file is not null && Unlink(path) != 0)
        {
            error = Marshal.GetLastPInvokeError();
            file.Dispose();
            return null;
        }

        return file;
    }

    /// <summary>
    /// Takes an advisory lock on the open file (flock(2)); it ends with the file's closing, also when the process dies.
    /// </summary>
    /// <param name="exclusive">True to be the only one; false to share with other sharers.</param>
    /// <returns>0, <see cref="HostError.WouldBlock"/> when somebody else holds it, or another error number.</returns>
    public int TryLock(bool exclusive) => Result(FLock(_handle, (exclusive ? LockExclusive : LockShared) | LockNonBlocking));

    /// <summary>Finds the size.</summary>
    /// <param name="byteCount">The size in bytes, also for block devices.</param>
    /// <returns>0 or an error number.</returns>
    public int TryGetByteCount(out ulong byteCount)
    {
        long end = LSeek(_handle, 0, SeekEnd);
        byteCount = end < 0 ? 0 : (ulong)end;
        return end < 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <summary>Reads at a position.</summary>
    /// <param name="byteOffset">Where.</param>
    /// <param name="destination">Receives the bytes.</param>
    /// <param name="readByteCount">How many were read; less than asked for only at the end of the file.</param>
    /// <returns>0 or an error number.</returns>
    public int Read(ulong byteOffset, Span<byte> destination, out int readByteCount)
    {
        readByteCount = 0;
        // SAFETY: the span stays pinned during each call and the count never exceeds what is left of it.
        fixed (byte* start = destination)
        {
            while (readByteCount < destination.Length)
            {
                nint done = PRead(_handle, start + readByteCount, (nuint)(destination.Length - readByteCount), (long)byteOffset + readByteCount);
                if (done == 0)
                {
                    break;
                }

                if (done > 0)
                {
                    readByteCount += (int)done;
                    continue;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error != HostError.Interrupted)
                {
                    return error;
                }
            }
        }

        return 0;
    }

    /// <summary>Writes all bytes at a position.</summary>
    /// <returns>0 or an error number; part of the bytes may have been written then.</returns>
    public int Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        int written = 0;
        // SAFETY: the span stays pinned during each call and the count never exceeds what is left of it.
        fixed (byte* start = source)
        {
            while (written < source.Length)
            {
                nint done = PWrite(_handle, start + written, (nuint)(source.Length - written), (long)byteOffset + written);
                if (done > 0)
                {
                    written += (int)done;
                    continue;
                }

                int error = done == 0 ? HostError.InputOutput : Marshal.GetLastPInvokeError();
                if (error != HostError.Interrupted)
                {
                    return error;
                }
            }
        }

        return 0;
    }

    /// <summary>Waits until everything written has reached the storage (fdatasync(2)).</summary>
    /// <returns>0 or an error number.</returns>
    public int FlushData() => Result(FDataSync(_handle));

    /// <summary>Frees the space behind a range, which then reads as zeros; the size stays.</summary>
    /// <returns>0 or an error number; <see cref="HostError.NotSupported"/> when the file system cannot.</returns>
    public int PunchHole(ulong byteOffset, ulong byteCount) => Fallocate(FallocatePunchHole | FallocateKeepSize, byteOffset, byteCount);

    /// <summary>Makes a range read as zeros and keeps its space reserved; the size stays.</summary>
    /// <returns>0 or an error number; <see cref="HostError.NotSupported"/> when the file system cannot.</returns>
    public int ZeroRange(ulong byteOffset, ulong byteCount) => Fallocate(FallocateZeroRange | FallocateKeepSize, byteOffset, byteCount);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    internal static HostFile? Wrap(SafeFileHandle handle, out int error)
    {
        error = Marshal.GetLastPInvokeError();
        if (handle.IsInvalid)
        {
            handle.Dispose();
            return null;
        }

        // statx has one layout on every architecture, unlike stat.
        byte* stat = stackalloc byte[StatxByteCount];
        // SAFETY: the kernel writes at most sizeof(struct statx) = 256 bytes.
        if (Statx(handle, string.Empty, AtEmptyPath, StatxType, stat) != 0)
        {
            error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            return null;
        }

        error = 0;
        int format = *(ushort*)(stat + StatxModeOffset) >> 12;
        return new HostFile(handle, format switch
        {
            2 => HostFileKind.CharacterDevice,
            4 => HostFileKind.Directory,
            6 => HostFileKind.BlockDevice,
            8 => HostFileKind.Regular,
            _ => HostFileKind.Other,
        });
    }

    private int Fallocate(int mode, ulong byteOffset, ulong byteCount)
        => byteCount == 0 ? 0 : Result(FAllocate(_handle, mode, (long)byteOffset, (long)byteCount));

    private static int Result(int returned) => returned == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "unlink", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Statx(SafeFileHandle directory, string path, int flags, uint mask, byte* result);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long LSeek(SafeFileHandle file, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint PRead(SafeFileHandle file, byte* buffer, nuint byteCount, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint PWrite(SafeFileHandle file, byte* buffer, nuint byteCount, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle file, int mode, long offset, long byteCount);
}
