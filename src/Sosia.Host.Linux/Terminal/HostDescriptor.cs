using System;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sosia.Host.Linux.Files;

namespace Sosia.Host.Linux.Terminal;

/// <summary>
/// A stream of bytes on a file descriptor: terminal, pipe, or file. Unlike .NET's console streams it reports a closed reader (EPIPE)
/// and leaves the terminal's settings alone; unlike its file streams it waits when the descriptor was made non-blocking by somebody else.
/// </summary>
public sealed unsafe partial class HostDescriptor : IDisposable
{
    private const short PollIn = 1;
    private const short PollOut = 4;
    private const nuint GetWindowSize = 0x5413;

    private readonly SafeFileHandle _handle;

    private HostDescriptor(SafeFileHandle handle)
    {
        _handle = handle;
    }

    /// <summary>Standard input.</summary>
    public static HostDescriptor StandardInput { get; } = new(new SafeFileHandle(0, ownsHandle: false));

    /// <summary>Standard output.</summary>
    public static HostDescriptor StandardOutput { get; } = new(new SafeFileHandle(1, ownsHandle: false));

    /// <summary>Standard error.</summary>
    public static HostDescriptor StandardError { get; } = new(new SafeFileHandle(2, ownsHandle: false));

    /// <summary>True when it is a terminal.</summary>
    public bool IsTerminal => IsATty(_handle) == 1;

    /// <summary>The terminal's size in characters; null when it is none, or does not know (ioctl_tty(2), TIOCGWINSZ).</summary>
    public (int Columns, int Rows)? TerminalSize
    {
        get
        {
            WindowSize size;
            // SAFETY: the structure has the kernel's layout and lives on this stack.
            return IoControl(_handle, GetWindowSize, &size) == 0 && size.Columns != 0 && size.Rows != 0 ? (size.Columns, size.Rows) : null;
        }
    }

    internal SafeFileHandle Handle => _handle;

    /// <summary>Creates a file, or empties the one that exists, for writing.</summary>
    /// <param name="path">The path.</param>
    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be created.</exception>
    public static HostDescriptor CreateFile(string path) => new(File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read));

    /// <summary>Waits for bytes and reads some.</summary>
    /// <param name="destination">Receives them.</param>
    /// <returns>How many; 0 at the end of the input, or when it cannot be read.</returns>
    public int Read(Span<byte> destination)
    {
        // SAFETY: the span stays pinned during the call and the count is its length.
        fixed (byte* start = destination)
        {
            while (true)
            {
                nint count = Read(_handle, start, (nuint)destination.Length);
                if (count >= 0)
                {
                    return (int)count;
                }

                if (!MayTryAgain(PollIn))
                {
                    return 0;
                }
            }
        }
    }

    /// <summary>Writes all bytes, waiting as long as that takes.</summary>
    /// <returns>0 or an error number (EPIPE, 32, when nobody reads any more).</returns>
    public int Write(ReadOnlySpan<byte> source)
    {
        int written = 0;
        // SAFETY: the span stays pinned during the calls and the count never exceeds what is left of it.
        fixed (byte* start = source)
        {
            while (written < source.Length)
            {
                nint count = Write(_handle, start + written, (nuint)(source.Length - written));
                if (count > 0)
                {
                    written += (int)count;
                    continue;
                }

                int error = count == 0 ? HostError.InputOutput : Marshal.GetLastPInvokeError();
                if (!MayTryAgain(PollOut))
                {
                    return error;
                }
            }
        }

        return 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private bool MayTryAgain(short events)
    {
        switch (Marshal.GetLastPInvokeError())
        {
            case HostError.Interrupted:
                return true;
            case HostError.WouldBlock:
                var poll = new PollFd { FileDescriptor = (int)_handle.DangerousGetHandle(), Events = events };
                // SAFETY: the structure lives on this stack during the call; an error shows again at the next read or write.
                _ = Poll(&poll, 1, -1);
                return true;
            default:
                return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "isatty", SetLastError = true)]
    private static partial int IsATty(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle handle, nuint request, WindowSize* size);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle handle, void* buffer, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle handle, void* buffer, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollFd* descriptors, ulong count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort WidthInPixels;
        public ushort HeightInPixels;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int FileDescriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
