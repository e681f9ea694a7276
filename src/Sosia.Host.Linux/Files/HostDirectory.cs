using System;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sosia.Host.Linux.Files;

/// <summary>
/// An open directory. Every name is one component and is looked up in this very directory, whatever its path leads to by now, and no symbolic link is
/// followed: whoever works through this class cannot be led out of the tree. Errors are error numbers.
/// </summary>
public sealed partial class HostDirectory : IDisposable
{
    private const int OpenReadOnly = 0;
    private const int OpenReadWrite = 2;
    private const int OpenCreate = 0x40;
    private const int OpenExclusive = 0x80;
    private const int OpenDirectory = 0x10000;
    private const int OpenNoFollow = 0x20000;
    private const int OpenCloseOnExec = 0x80000;
    private const int CurrentDirectory = -100;
    private const int RemoveDirectory = 0x200;
    private const uint RenameNoReplace = 1;
    private const int LockExclusiveNonBlocking = 2 | 4;
    private const uint FileMode = 0x1b6;
    private const uint DirectoryMode = 0x1ff;

    private readonly SafeFileHandle _handle;

    private HostDirectory(SafeFileHandle handle) => _handle = handle;

    /// <summary>Opens a directory by its path.</summary>
    /// <param name="path">The path.</param>
    /// <param name="error">The error number when null is returned.</param>
    public static HostDirectory? TryOpen(string path, out int error) => Wrap(OpenAt(CurrentDirectory, path, OpenReadOnly | OpenDirectory | OpenCloseOnExec, 0), out error);

    /// <summary>Takes an exclusive advisory lock (flock(2)), which ends with the closing.</summary>
    /// <returns>0, <see cref="HostError.WouldBlock"/> when somebody else holds it, or another error number.</returns>
    public int TryLock() => Result(FLock(_handle, LockExclusiveNonBlocking));

    /// <summary>Opens a directory in this one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="error">The error number when null is returned.</param>
    public HostDirectory? TryOpenDirectory(string name, out int error)
        => Wrap(OpenAt(_handle, name, OpenReadOnly | OpenDirectory | OpenNoFollow | OpenCloseOnExec, 0), out error);

    /// <summary>Creates a directory.</summary>
    /// <returns>0 or an error number.</returns>
    public int CreateDirectory(string name) => Result(MkDirAt(_handle, name, DirectoryMode));

    /// <summary>Creates a file for reading and writing; one that exists already is an error.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="error">The error number when null is returned.</param>
    public HostFile? TryCreateFile(string name, out int error)
        => HostFile.Wrap(OpenAt(_handle, name, OpenReadWrite | OpenCreate | OpenExclusive | OpenCloseOnExec, FileMode), out error);

    /// <summary>Finds what a name leads to; a symbolic link is itself.</summary>
    /// <returns>0 or an error number.</returns>
    public int TryGetStatus(string name, out HostFileStatus status) => HostFile.TryGetStatus(_handle, name, out status);

    /// <summary>Gives something another name.</summary>
    /// <param name="name">Its name here.</param>
    /// <param name="target">The directory that it goes to.</param>
    /// <param name="newName">Its name there.</param>
    /// <param name="replaces">True to take the place of what has that name; false to fail with <see cref="HostError.Exists"/> then.</param>
    /// <returns>0 or an error number.</returns>
    public int Rename(string name, HostDirectory target, string newName, bool replaces)
        => Result(RenameAt2(_handle, name, target._handle, newName, replaces ? 0 : RenameNoReplace));

    /// <summary>Removes a file or an empty directory.</summary>
    /// <returns>0 or an error number; <see cref="HostError.NotEmpty"/> for a directory that holds something.</returns>
    public int Remove(string name, bool isDirectory) => Result(UnlinkAt(_handle, name, isDirectory ? RemoveDirectory : 0));

    /// <summary>Waits until the names are durable (fsync(2)).</summary>
    /// <returns>0 or an error number.</returns>
    public int Flush() => Result(FSync(_handle));

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static HostDirectory? Wrap(SafeFileHandle handle, out int error)
    {
        error = Marshal.GetLastPInvokeError();
        if (handle.IsInvalid)
        {
            handle.Dispose();
            return null;
        }

        error = 0;
        return new HostDirectory(handle);
    }

    private static int Result(int returned) => returned == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle OpenAt(int directory, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle OpenAt(SafeFileHandle directory, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "mkdirat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MkDirAt(SafeFileHandle directory, string name, uint mode);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RenameAt2(SafeFileHandle directory, string name, SafeFileHandle target, string newName, uint flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int UnlinkAt(SafeFileHandle directory, string name, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);
}
