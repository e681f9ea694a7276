using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sosia.Host.Linux.Files;

/// <content>Creation, size, holes and identity: what disk image formats need beyond positioned I/O.</content>
public sealed unsafe partial class HostFile
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int ErrorNoSuchPosition = 6;
    private const int StatxInodeOffset = 0x20;
    private const int StatxDeviceMajorOffset = 0x88;
    private const int StatxDeviceMinorOffset = 0x8c;
    private const int StatxByteCountOffset = 0x28;
    private const int StatxModifiedOffset = 0x70;
    private const uint StatxBasic = 0x7ff;
    private const int AtSymlinkNoFollow = 0x100;
    private const uint PermissionBits = 0xfff;
    private const uint OwnerAndOthersMode = 0x1b6;
    private const int OpenNoFollow = 0x20000;

    /// <summary>Creates a file for reading and writing; one that exists already is an error.</summary>
    /// <param name="path">The path.</param>
    /// <param name="error">The error number when null is returned; <see cref="HostError.Exists"/> when there is something of that name.</param>
    public static HostFile? TryCreate(string path, out int error)
    {
        SafeFileHandle handle = Open(path, OpenReadWrite | OpenCreate | OpenExclusive | OpenCloseOnExec, OwnerAndOthersMode);
        return Wrap(handle, out error);
    }

    /// <summary>Opens an existing file unless its last component is a symbolic link.</summary>
    /// <param name="path">The path.</param>
    /// <param name="writable">True for reading and writing.</param>
    /// <param name="error">The error number when null is returned.</param>
    public static HostFile? TryOpenNoFollow(string path, bool writable, out int error)
    {
        SafeFileHandle handle = Open(path, (writable ? OpenReadWrite : OpenReadOnly) | OpenCloseOnExec | OpenNonBlocking | OpenNoFollow, 0);
        return Wrap(handle, out error);
    }

    /// <summary>Sets the size: what is new reads as zeros, what is beyond is gone.</summary>
    /// <returns>0 or an error number.</returns>
    public int SetByteCount(ulong byteCount) => Result(FTruncate(_handle, (long)byteCount));

    /// <summary>Reserves space for a range, which the file grows to hold; existing contents stay.</summary>
    /// <returns>0 or an error number; <see cref="HostError.NotSupported"/> when the file system cannot.</returns>
    public int Reserve(ulong byteOffset, ulong byteCount) => Fallocate(0, byteOffset, byteCount);

    /// <summary>Finds where the next data or the next hole begins.</summary>
    /// <param name="byteOffset">Where to search from.</param>
    /// <param name="forData">True for data, false for a hole.</param>
    /// <param name="found">The first such byte; <see cref="ulong.MaxValue"/> when there is no data from there on.</param>
    /// <returns>0 or an error number, when the file system does not know.</returns>
    public int SeekExtent(ulong byteOffset, bool forData, out ulong found)
    {
        long position = LSeek(_handle, (long)byteOffset, forData ? SeekData : SeekHole);
        found = position < 0 ? ulong.MaxValue : (ulong)position;
        int error = position < 0 ? Marshal.GetLastPInvokeError() : 0;
        return error == ErrorNoSuchPosition ? 0 : error;
    }

    /// <summary>What makes this file this one, whatever its name: the file system's device number and the inode.</summary>
    /// <returns>0 or an error number.</returns>
    public int TryGetIdentity(out (ulong Device, ulong Inode) identity)
    {
        int error = TryGetStatus(out HostFileStatus status);
        identity = (status.Device, status.Inode);
        return error;
    }

    /// <summary>Finds what the file is, and its state.</summary>
    /// <returns>0 or an error number.</returns>
    public int TryGetStatus(out HostFileStatus status) => TryGetStatus(_handle, string.Empty, out status);

    /// <summary>Sets the permission bits (chmod(2)).</summary>
    /// <returns>0 or an error number.</returns>
    public int SetPermissions(uint permissions) => Result(FChMod(_handle, permissions));

    /// <summary>Sets the time of the last change, in seconds since 1970.</summary>
    /// <returns>0 or an error number.</returns>
    public int SetModified(long seconds)
    {
        // The time of the last access, then that of the last change: seconds and nanoseconds each.
        long* times = stackalloc long[4];
        times[0] = times[2] = seconds;
        times[1] = times[3] = 0;
        // SAFETY: the kernel reads two struct timespec of 16 bytes each.
        return Result(FUTimeNs(_handle, times));
    }

    /// <summary>Finds what a name in a directory leads to, without following a symbolic link; the open file itself for an empty name.</summary>
    internal static int TryGetStatus(SafeFileHandle handle, string name, out HostFileStatus status)
    {
        status = default;
        byte* stat = stackalloc byte[StatxByteCount];
        // SAFETY: the kernel writes at most sizeof(struct statx) = 256 bytes.
        if (Statx(handle, name, AtEmptyPath | AtSymlinkNoFollow, StatxBasic, stat) != 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        ulong device = ((ulong)*(uint*)(stat + StatxDeviceMajorOffset) << 32) | *(uint*)(stat + StatxDeviceMinorOffset);
        uint mode = *(ushort*)(stat + StatxModeOffset);
        status = new HostFileStatus(
            KindOf(mode),
            device,
            *(ulong*)(stat + StatxInodeOffset),
            *(ulong*)(stat + StatxByteCountOffset),
            *(long*)(stat + StatxModifiedOffset),
            *(uint*)(stat + StatxModifiedOffset + sizeof(long)),
            mode & PermissionBits);
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int FTruncate(SafeFileHandle file, long byteCount);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int FChMod(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    private static partial int FUTimeNs(SafeFileHandle file, long* times);
}
