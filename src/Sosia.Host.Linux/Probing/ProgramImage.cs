using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Probing;

/// <summary>A program that exists in memory only: a memory file (memfd) with an executable's bytes, which processes can be started from.</summary>
/// <remarks>See memfd_create(2). Any number of processes may run one image.</remarks>
public sealed unsafe partial class ProgramImage : IDisposable
{
    private const uint MfdCloexec = 1;
    private const uint MfdExec = 0x10;
    private const int DuplicateAtLeast = 1030;

    // Children get their own descriptor as number 3 (SpawnedProcess.InheritedDescriptor), which must not replace this one before it is opened.
    private const int FirstDescriptor = 10;

    private int _fileDescriptor;

    /// <summary>Creates the memory file.</summary>
    /// <param name="name">A name that shows as the command of its processes.</param>
    /// <param name="executable">The bytes of an ELF executable.</param>
    /// <exception cref="Win32Exception">The host refuses; carries errno.</exception>
    public ProgramImage(string name, ReadOnlySpan<byte> executable)
    {
        int created = MemfdCreate(name, MfdCloexec | MfdExec);
        if (created < 0 && Marshal.GetLastPInvokeError() == Files.HostError.InvalidArgument)
        {
            // Kernels before 6.3 do not know the flag, and need none.
            created = MemfdCreate(name, MfdCloexec);
        }

        if (created < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        _fileDescriptor = Fcntl(created, DuplicateAtLeast, FirstDescriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = Close(created);
        if (_fileDescriptor < 0)
        {
            throw new Win32Exception(error);
        }

        // SAFETY: the span stays pinned during the call and the count is its length.
        fixed (byte* start = executable)
        {
            nint written = Write(_fileDescriptor, start, (nuint)executable.Length);
            if (written != executable.Length)
            {
                error = written < 0 ? Marshal.GetLastPInvokeError() : Files.HostError.NoSpace;
                Dispose();
                throw new Win32Exception(error);
            }
        }
    }

    /// <summary>A path that leads a child of this process to the image until it executes it.</summary>
    internal string Path => $"/proc/self/fd/{_fileDescriptor}";

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fileDescriptor >= 0)
        {
            _ = Close(_fileDescriptor);
            _fileDescriptor = -1;
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file when its owner forgot to.</summary>
    ~ProgramImage() => Dispose();

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(int fileDescriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int fileDescriptor, void* buffer, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fileDescriptor);
}
