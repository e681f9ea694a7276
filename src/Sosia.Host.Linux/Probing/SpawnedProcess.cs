using System;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Sosia.Host.Linux.Memory;

namespace Sosia.Host.Linux.Probing;

/// <summary>A child process that runs a <see cref="ProgramImage"/>, with one memory file as its only means to tell anything.</summary>
/// <remarks>
/// It is started by posix_spawn(3), never by fork(2): a copy of a process with many threads may not even allocate memory. It gets no arguments, no
/// environment, default signal dispositions and an empty signal mask. Everything else that it should not have, it must give up itself. It is watched by a
/// process descriptor (pidfd_open(2)), which cannot come to name another process.
/// </remarks>
public sealed unsafe partial class SpawnedProcess : IDisposable
{
    /// <summary>The number under which the child finds the memory file.</summary>
    public const int InheritedDescriptor = 3;

    // Larger than glibc's and musl's structures (336 and 80 bytes).
    private const int OpaqueByteCount = 1024;
    private const int SignalSetByteCount = 128;
    private const short SetSignalDefaults = 4;
    private const short SetSignalMask = 8;
    private const nint PidfdSendSignal = 424;
    private const nint PidfdOpen = 434;
    private const int WaitForDescriptor = 3;
    private const int WaitExited = 4;
    private const int CodeExited = 1;
    private const int SignalKill = 9;
    private const short PollIn = 1;

    private readonly int _processId;
    private int _descriptor;
    private ProcessEnd? _end;

    private SpawnedProcess(int processId, int descriptor)
    {
        _processId = processId;
        _descriptor = descriptor;
    }

    /// <summary>The process's number.</summary>
    public int Id => _processId;

    /// <summary>Starts a process.</summary>
    /// <param name="program">What it runs.</param>
    /// <param name="memory">Becomes its descriptor <see cref="InheritedDescriptor"/>.</param>
    /// <exception cref="Win32Exception">The host refuses; carries errno.</exception>
    public static SpawnedProcess Start(ProgramImage program, SharedMapping memory)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(memory);
        byte* actions = stackalloc byte[OpaqueByteCount];
        byte* attributes = stackalloc byte[OpaqueByteCount];
        byte* none = stackalloc byte[SignalSetByteCount];
        byte* all = stackalloc byte[SignalSetByteCount];
        new Span<byte>(none, SignalSetByteCount).Clear();
        new Span<byte>(all, SignalSetByteCount).Fill(0xff);
        Check(FileActionsInit(actions));
        Check(AttributesInit(attributes));
        int processId;
        int error;
        try
        {
            Check(AddDuplicate(actions, memory.FileDescriptor, InheritedDescriptor));
            Check(SetMask(attributes, none));
            Check(SetDefaults(attributes, all));
            Check(SetFlags(attributes, SetSignalDefaults | SetSignalMask));
            void* end = null;
            // SAFETY: both structures were initialized by the C library and live on this stack; an array of one null pointer is an empty list.
            error = Spawn(&processId, program.Path, actions, attributes, &end, &end);
        }
        finally
        {
            _ = FileActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
        }

        Check(error);
        int descriptor = (int)SystemCall(PidfdOpen, processId, 0, 0, 0);
        if (descriptor < 0)
        {
            error = Marshal.GetLastPInvokeError();
            // Without a descriptor nobody could end it in time. The number is its own until it is waited for, which happens here.
            _ = KillById(processId, SignalKill);
            _ = WaitPid(processId, null, 0);
            throw new Win32Exception(error);
        }

        return new SpawnedProcess(processId, descriptor);
    }

    /// <summary>Sleeps until the process has ended, or the time has passed.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <returns>How it ended; null when it still runs.</returns>
    public ProcessEnd? Wait(TimeSpan timeout)
    {
        if (_end is not null)
        {
            return _end;
        }

        ObjectDisposedException.ThrowIf(_descriptor < 0, this);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            var poll = new PollFd { FileDescriptor = _descriptor, Events = PollIn };
            // SAFETY: the structure lives on this stack during the call.
            int ready = Poll(&poll, 1, (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue));
            if (ready > 0)
            {
                _end = Reap();
                return _end;
            }

            if (ready == 0)
            {
                return null;
            }
        }
    }

    /// <summary>Ends the process, whatever it does, and waits until it is gone.</summary>
    /// <returns>How it ended: perhaps by itself, just before.</returns>
    public ProcessEnd Kill()
    {
        if (_end is null)
        {
            ObjectDisposedException.ThrowIf(_descriptor < 0, this);
            _ = SystemCall(PidfdSendSignal, _descriptor, SignalKill, 0, 0);
            _end = Reap();
        }

        return _end.Value;
    }

    /// <summary>Ends the process if it still runs.</summary>
    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Kill();
            _ = Close(_descriptor);
            _descriptor = -1;
        }
    }

    private ProcessEnd Reap()
    {
        var information = default(ChildInformation);
        int result;
        do
        {
            // SAFETY: the structure is as large as the kernel's (128 bytes) and lives on this stack.
            result = WaitId(WaitForDescriptor, (uint)_descriptor, &information, WaitExited);
        }
        while (result != 0 && Marshal.GetLastPInvokeError() == Files.HostError.Interrupted);

        // A runtime that ignores SIGCHLD leaves nothing to wait for.
        return result != 0 ? new ProcessEnd(-1, 0)
            : information.Code == CodeExited ? new ProcessEnd(information.Status, 0)
            : new ProcessEnd(-1, information.Status & 0x7f);
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new Win32Exception(error);
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(int* processId, string path, void* fileActions, void* attributes, void** arguments, void** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int FileActionsInit(void* fileActions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int FileActionsDestroy(void* fileActions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate(void* fileActions, int fileDescriptor, int newFileDescriptor);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int idType, uint id, ChildInformation* information, int options);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int processId, int* status, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillById(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollFd* descriptors, ulong count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fileDescriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int FileDescriptor;
        public short Events;
        public short ReturnedEvents;
    }

    // siginfo_t as waitid(2) fills it in.
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct ChildInformation
    {
        public int Signal;
        public int Error;
        public int Code;
        public int Padding;
        public int ProcessId;
        public uint UserId;
        public int Status;
    }
}
