using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Threading;

/// <summary>
/// Lets one thread sleep until another wakes it or a time passes, with nanosecond resolution and without allocating (an eventfd and
/// ppoll(2); the runtime's own wait handles count in milliseconds).
/// </summary>
public sealed unsafe partial class WakeEvent : IDisposable
{
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const short PollIn = 1;

    private int _fileDescriptor;

    /// <summary>Creates an event that is not set.</summary>
    /// <exception cref="Win32Exception">The host has no file descriptor left.</exception>
    public WakeEvent()
    {
        _fileDescriptor = EventFd(0, NonBlocking | CloseOnExec);
        if (_fileDescriptor < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>The eventfd, for kernel interfaces that signal it or wait for it themselves.</summary>
    public int FileDescriptor => _fileDescriptor;

    /// <summary>Wakes the sleeping thread, or the next one that wants to sleep. Callable from any thread.</summary>
    public void Set()
    {
        ulong one = 1;
        // SAFETY: the kernel reads eight bytes. A full counter (EAGAIN) is as set as can be.
        _ = Write(_fileDescriptor, &one, 8);
    }

    /// <summary>Sleeps until <see cref="Set"/> was called since the last wait, or the time has passed; takes the event back.</summary>
    /// <param name="nanoseconds">How long at most; negative: for ever.</param>
    public void Wait(long nanoseconds)
    {
        var poll = new PollFd { FileDescriptor = _fileDescriptor, Events = PollIn };
        var time = new TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
        // SAFETY: both structures live on this stack during the call; an interruption (EINTR) counts as waking up.
        if (PPoll(&poll, 1, nanoseconds < 0 ? null : &time, null) > 0)
        {
            ulong count;
            _ = Read(_fileDescriptor, &count, 8);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fileDescriptor >= 0)
        {
            _ = Close(_fileDescriptor);
            _fileDescriptor = -1;
        }
    }

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static partial int PPoll(PollFd* descriptors, ulong count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int fileDescriptor, void* buffer, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int fileDescriptor, void* buffer, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fileDescriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int FileDescriptor;
        public short Events;
        public short ReturnedEvents;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
