using System;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sosia.Host.Linux.Files;

/// <summary>
/// A folder whose files are opened by names that strangers give: the kernel sees to it that no "..", absolute path or symbolic link leads out of it
/// (openat2(2), RESOLVE_BENEATH; Linux 5.6).
/// </summary>
public sealed unsafe partial class FolderRoot : IDisposable
{
    private const int OpenFolderFlags = 0x1_0000 | 0x8_0000 | 0x20_0000;
    private const nint OpenAt2Number = 437;
    private const ulong ReadOnlyNonBlocking = 0x8_0000 | 0x800;
    private const ulong ResolveBeneath = 0x08;
    private const ulong ResolveNoMagicLinks = 0x02;
    private const int NoRetries = 3;

    private readonly SafeFileHandle _folder;

    private FolderRoot(SafeFileHandle folder)
    {
        _folder = folder;
    }

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="error">0, or why it cannot be used.</param>
    public static FolderRoot? Open(string path, out int error)
    {
        SafeFileHandle folder = OpenFile(path, OpenFolderFlags, 0);
        error = folder.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        return folder.IsInvalid ? null : new FolderRoot(folder);
    }

    /// <summary>Opens a regular file in the folder or below for reading.</summary>
    /// <param name="path">Its path, relative to the folder.</param>
    /// <param name="error">0, or why it cannot be opened; EXDEV (18) when the path leads out of the folder.</param>
    public HostFile? OpenFile(string path, out int error)
    {
        var how = new OpenHow { Flags = ReadOnlyNonBlocking, Resolve = ResolveBeneath | ResolveNoMagicLinks };
        for (int i = 0; ; i++)
        {
            // SAFETY: the structure has the kernel's layout and size and lives on this stack.
            nint descriptor = OpenAt2(OpenAt2Number, (int)_folder.DangerousGetHandle(), path, &how, (nuint)sizeof(OpenHow));
            if (descriptor < 0)
            {
                error = Marshal.GetLastPInvokeError();
                if (error == HostError.WouldBlock && i < NoRetries)
                {
                    // Something was renamed while the kernel looked.
                    continue;
                }

                return null;
            }

            HostFile? file = HostFile.Wrap(new SafeFileHandle(descriptor, ownsHandle: true), out error);
            if (file is { Kind: not HostFileKind.Regular })
            {
                file.Dispose();
                file = null;
                error = HostError.AccessDenied;
            }

            return file;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenAt2(nint number, int folder, string path, OpenHow* how, nuint byteCount);

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }
}
