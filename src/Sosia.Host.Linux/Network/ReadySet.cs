using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Network;

/// <summary>Waits for many descriptors at once (epoll(7), level-triggered): the time a wait takes does not grow with their number.</summary>
public sealed unsafe partial class ReadySet : IDisposable
{
    /// <summary>How many descriptors one wait reports at most.</summary>
    public const int MaxEvents = 128;

    private const int CloseOnExec = 0x80000;
    private const int Add = 1;
    private const int Delete = 2;
    private const int Modify = 3;
    private const int EventByteCount = 12;

    private readonly byte[] _events = new byte[MaxEvents * EventByteCount];
    private int _descriptor;

    /// <summary>Creates an empty set.</summary>
    /// <exception cref="Win32Exception">The host has no file descriptor left.</exception>
    public ReadySet()
    {
        _descriptor = Create(CloseOnExec);
        if (_descriptor < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Adds a descriptor.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="interest">What to wait for. Errors and a peer that has gone are always reported.</param>
    /// <param name="token">What <see cref="TokenOf"/> gives back.</param>
    /// <returns>False when the host refuses.</returns>
    public bool TryAdd(int descriptor, Readiness interest, ulong token) => Change(Add, descriptor, interest, token);

    /// <summary>Waits for something else from now on.</summary>
    public void Set(int descriptor, Readiness interest, ulong token) => _ = Change(Modify, descriptor, interest, token);

    /// <summary>Takes a descriptor out.</summary>
    public void Remove(int descriptor) => _ = Change(Delete, descriptor, Readiness.None, 0);

    /// <summary>Waits until a descriptor is ready.</summary>
    /// <param name="milliseconds">How long at most; negative: for ever; 0: only looks.</param>
    /// <returns>How many are ready.</returns>
    public int Wait(int milliseconds)
    {
        // SAFETY: the array stays pinned during the call and has room for as many events as the kernel is told.
        fixed (byte* events = _events)
        {
            return Math.Max(0, Wait(_descriptor, events, MaxEvents, milliseconds));
        }
    }

    /// <summary>What one of the ready descriptors is ready for.</summary>
    /// <param name="index">From 0; less than <see cref="Wait(int)"/> returned.</param>
    public Readiness ReadinessOf(int index) => (Readiness)MemoryMarshal.Read<uint>(_events.AsSpan(index * EventByteCount));

    /// <summary>The token of one of the ready descriptors.</summary>
    /// <param name="index">From 0; less than <see cref="Wait(int)"/> returned.</param>
    public ulong TokenOf(int index) => MemoryMarshal.Read<ulong>(_events.AsSpan((index * EventByteCount) + 4));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Close(_descriptor);
            _descriptor = -1;
        }
    }

    private bool Change(int operation, int descriptor, Readiness interest, ulong token)
    {
        byte* native = stackalloc byte[EventByteCount];
        // SAFETY: struct epoll_event is packed on x86-64: four bytes of events, eight of data.
        *(uint*)native = (uint)interest;
        *(ulong*)(native + 4) = token;
        return Control(_descriptor, operation, descriptor, native) == 0;
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int set, int operation, int descriptor, void* interest);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int Wait(int set, void* events, int maxEvents, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
