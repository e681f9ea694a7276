using System;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Threading;

/// <summary>Waits for several eventfds at once (poll(2)), without allocating while it waits.</summary>
public sealed unsafe partial class EventSet
{
    private const short PollIn = 1;

    private PollFd[] _descriptors = [];

    /// <summary>Which descriptors are waited for from the next <see cref="Wait"/> on.</summary>
    public void Set(ReadOnlySpan<int> descriptors)
    {
        var replaced = new PollFd[descriptors.Length];
        for (int i = 0; i < descriptors.Length; i++)
        {
            replaced[i] = new PollFd { FileDescriptor = descriptors[i], Events = PollIn };
        }

        _descriptors = replaced;
    }

    /// <summary>Waits until one is signalled.</summary>
    /// <param name="milliseconds">How long at most; negative: for ever; 0: only looks.</param>
    /// <returns>True when one is signalled; false after the time, or an interruption.</returns>
    public bool Wait(int milliseconds)
    {
        fixed (PollFd* pointer = _descriptors)
        {
            // SAFETY: the kernel reads and writes as many structures as it is told there are.
            return Poll(pointer, (ulong)_descriptors.Length, milliseconds) > 0;
        }
    }

    /// <summary>Takes back a signal.</summary>
    /// <param name="index">The descriptor's place in the set.</param>
    /// <returns>True when it was signalled at the last wait.</returns>
    public bool Take(int index)
    {
        if ((_descriptors[index].ReturnedEvents & PollIn) == 0)
        {
            return false;
        }

        _descriptors[index].ReturnedEvents = 0;
        ulong count;
        // SAFETY: the kernel writes eight bytes.
        return Read(_descriptors[index].FileDescriptor, &count, 8) == 8;
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollFd* descriptors, ulong count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int fileDescriptor, void* buffer, nuint byteCount);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int FileDescriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
