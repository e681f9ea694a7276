using System;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Host.Linux.Memory;

namespace Sosia.Host.Linux.Kvm;

/// <summary>
/// A virtual processor of KVM's. One thread runs it, and asks and tells its state while it does not run; only <see cref="Interrupt"/> is for any thread.
/// </summary>
public sealed unsafe partial class KvmVcpu : KvmDescriptor
{
    /// <summary>Bytes of the extended state as <see cref="GetXsave"/> gives it.</summary>
    public const int XsaveByteCount = 4096;

    /// <summary>Bytes of a local APIC's registers as <see cref="GetLocalApic"/> gives them.</summary>
    public const int LocalApicByteCount = 1024;

    // A real-time signal that nobody else uses. It is blocked on the threads that run processors, but not while the guest runs: then it only
    // makes KVM_RUN return, and no handler is needed.
    private const int KickSignal = 58;
    private const int SignalSetByteCount = 8;
    private const int BlockSignals = 0;
    private const long TgkillCall = 234;
    private const long GettidCall = 186;
    private const long SigtimedwaitCall = 128;
    private const long SigprocmaskCall = 14;

    private readonly int _mappingByteCount;
    private readonly int _process = Environment.ProcessId;
    private KvmRun* _run;
    private int _thread;
    private int _maskedThread;
    private int _isKicked;

    internal KvmVcpu(int fileDescriptor, int mappingByteCount)
        : base(fileDescriptor)
    {
        _mappingByteCount = mappingByteCount;
        // SAFETY: a fresh mapping, unmapped only in Dispose.
        void* mapping = MemoryCalls.Mmap(null, (nuint)mappingByteCount, MemoryCalls.ProtRead | MemoryCalls.ProtWrite, MemoryCalls.MapShared, fileDescriptor, 0);
        if ((nint)mapping == -1)
        {
            int error = Marshal.GetLastPInvokeError();
            base.Dispose(true);
            throw new Win32Exception(error);
        }

        _run = (KvmRun*)mapping;
    }

    /// <summary>The structure shared with the kernel; valid until Dispose.</summary>
    public KvmRun* Shared => _run;

    /// <summary>The ring of collected writes, in a page of the shared mapping.</summary>
    /// <param name="page">What <see cref="KvmCapability.CoalescedMmio"/> says.</param>
    public byte* CoalescedRing(int page) => (byte*)_run + (page * 4096);

    /// <summary>The calling thread is the one that runs this processor from now on.</summary>
    public void Enter()
    {
        int thread = (int)Syscall(GettidCall, 0, 0, 0, 0);
        if (thread != _maskedThread)
        {
            _maskedThread = thread;
            ulong kick = 1UL << (KickSignal - 1);
            ulong old;
            // SAFETY: the kernel reads and writes 8 bytes.
            _ = Syscall(SigprocmaskCall, BlockSignals, (nint)(&kick), (nint)(&old), SignalSetByteCount);
            byte* mask = stackalloc byte[4 + SignalSetByteCount];
            *(uint*)mask = SignalSetByteCount;
            *(ulong*)(mask + 4) = old & ~kick;
            Ask(KvmRequest.SetSignalMask, (nint)mask);
        }

        Volatile.Write(ref _thread, thread);
    }

    /// <summary>No thread runs it any more.</summary>
    public void Leave() => Volatile.Write(ref _thread, 0);

    /// <summary>Requests for an early return that came so far are known; to be called before whatever they announce is looked at.</summary>
    public void AcceptInterrupts()
    {
        _run->ImmediateExit = 0;
        Interlocked.Exchange(ref _isKicked, 0);
    }

    /// <summary>Executes guest code until there is an exit.</summary>
    /// <returns>0, or the error number: <see cref="Files.HostError.Interrupted"/> after <see cref="Interrupt"/>.</returns>
    public int Run()
    {
        int result = -Math.Min(0, TryAsk(KvmRequest.Run));
        if (result == Files.HostError.Interrupted)
        {
            TakeSignal();
        }

        return result;
    }

    /// <summary>Completes what the last exit left open, without executing an instruction.</summary>
    /// <returns>0 when that led to another exit; else the error number: <see cref="Files.HostError.Interrupted"/> when nothing is open any more.</returns>
    public int Complete()
    {
        _run->ImmediateExit = 1;
        int error = Run();
        _run->ImmediateExit = 0;
        return error;
    }

    /// <summary>Makes <see cref="Run"/> return, or return at once the next time. Callable from any thread.</summary>
    public void Interrupt()
    {
        if (Interlocked.Exchange(ref _isKicked, 1) != 0)
        {
            return;
        }

        // SAFETY: the mapping lives until Dispose, after which nobody calls.
        Volatile.Write(ref _run->ImmediateExit, 1);
        int thread = Volatile.Read(ref _thread);
        if (thread != 0)
        {
            _ = Syscall(TgkillCall, _process, thread, KickSignal, 0);
        }
    }

    /// <summary>Injects an interrupt; only when the guest can take it, and without local APICs in the kernel.</summary>
    public void InjectInterrupt(int vector)
    {
        uint number = (uint)vector;
        Ask(KvmRequest.Interrupt, (nint)(&number));
    }

    /// <summary>Makes a non-maskable interrupt pending.</summary>
    public void InjectNmi() => Ask(KvmRequest.Nmi);

    /// <summary>Sets what CPUID answers; before the first run.</summary>
    public void SetCpuid(ReadOnlySpan<KvmCpuidEntry> entries)
    {
        byte[] buffer = new byte[8 + (entries.Length * sizeof(KvmCpuidEntry))];
        fixed (byte* pointer = buffer)
        {
            // SAFETY: the head says how many entries follow it.
            *(uint*)pointer = (uint)entries.Length;
            entries.CopyTo(new Span<KvmCpuidEntry>(pointer + 8, entries.Length));
            Ask(KvmRequest.SetCpuid, (nint)pointer);
        }
    }

    /// <summary>Reads the general registers.</summary>
    public void GetRegs(out KvmRegs registers) => Take(0x81, out registers);

    /// <summary>Writes the general registers.</summary>
    public void SetRegs(in KvmRegs registers) => Give(0x82, registers);

    /// <summary>Reads segments and control registers.</summary>
    public void GetSregs(out KvmSregs registers) => Take(0x83, out registers);

    /// <summary>Writes segments and control registers.</summary>
    public void SetSregs(in KvmSregs registers) => Give(0x84, registers);

    /// <summary>Reads events on their way.</summary>
    public void GetEvents(out KvmVcpuEvents events) => Take(0x9f, out events);

    /// <summary>Writes events on their way.</summary>
    public void SetEvents(in KvmVcpuEvents events) => Give(0xa0, events);

    /// <summary>Reads the debug registers.</summary>
    public void GetDebugRegs(out KvmDebugRegs registers) => Take(0xa1, out registers);

    /// <summary>Writes the debug registers.</summary>
    public void SetDebugRegs(in KvmDebugRegs registers) => Give(0xa2, registers);

    /// <summary>Reads XCR0.</summary>
    public ulong GetXcr0()
    {
        Take(0xa6, out KvmXcrs registers);
        return registers.Value;
    }

    /// <summary>Writes XCR0.</summary>
    public void SetXcr0(ulong value) => Give(0xa7, new KvmXcrs { Count = 1, Value = value });

    /// <summary>Reads x87 and vector state in XSAVE's standard form.</summary>
    /// <param name="area">Takes <see cref="XsaveByteCount"/> bytes.</param>
    public void GetXsave(Span<byte> area) => AskWith(KvmRequest.GetXsave, area, XsaveByteCount);

    /// <summary>Writes x87 and vector state in XSAVE's standard form.</summary>
    /// <param name="area"><see cref="XsaveByteCount"/> bytes.</param>
    public void SetXsave(Span<byte> area) => AskWith(KvmRequest.SetXsave, area, XsaveByteCount);

    /// <summary>Reads the registers of the local APIC in the kernel, as they lie in memory.</summary>
    /// <param name="registers">Takes <see cref="LocalApicByteCount"/> bytes.</param>
    public void GetLocalApic(Span<byte> registers) => AskWith(KvmRequest.GetLocalApic, registers, LocalApicByteCount);

    /// <summary>Writes the registers of the local APIC in the kernel.</summary>
    /// <param name="registers"><see cref="LocalApicByteCount"/> bytes.</param>
    public void SetLocalApic(Span<byte> registers) => AskWith(KvmRequest.SetLocalApic, registers, LocalApicByteCount);

    /// <summary>Reads model-specific registers.</summary>
    /// <param name="entries">Which ones; takes the values.</param>
    /// <returns>How many were read; the one behind them does not exist.</returns>
    public int GetMsrs(Span<KvmMsrEntry> entries) => AskForMsrs(KvmRequest.GetMsrs, entries);

    /// <summary>Writes model-specific registers.</summary>
    /// <returns>How many were written; the one behind them was refused.</returns>
    public int SetMsrs(Span<KvmMsrEntry> entries) => AskForMsrs(KvmRequest.SetMsrs, entries);

    /// <summary>Reads whether it executes or waits, with local APICs in the kernel.</summary>
    public KvmMpState GetMpState()
    {
        uint state;
        Ask(KvmRequest.GetMpState, (nint)(&state));
        return (KvmMpState)state;
    }

    /// <summary>Says whether it executes or waits, with local APICs in the kernel.</summary>
    public void SetMpState(KvmMpState state)
    {
        uint value = (uint)state;
        Ask(KvmRequest.SetMpState, (nint)(&value));
    }

    /// <summary>Says what a debugger wants.</summary>
    /// <returns>0, or the error number.</returns>
    public int TrySetGuestDebug(in KvmGuestDebug debug) => TryGive(0x9b, debug);

    /// <summary>Asks for the frequency of the guest's time-stamp counter.</summary>
    /// <returns>Kilohertz; 0 when it is not known.</returns>
    public int GetTscKilohertz() => Math.Max(0, TryAsk(KvmRequest.GetTscKilohertz));

    /// <summary>Sets the frequency of the guest's time-stamp counter.</summary>
    /// <returns>0, or the error number.</returns>
    public int TrySetTscKilohertz(int kilohertz) => -Math.Min(0, TryAsk(KvmRequest.SetTscKilohertz, kilohertz));

    /// <summary>Asks what the guest's time-stamp counter has more than the host's (scaled) one.</summary>
    /// <returns>False where KVM does not tell (Linux before 5.16).</returns>
    public bool TryGetTscOffset(out ulong offset)
    {
        ulong value = 0;
        bool isKnown = TryGive(0xe2, new KvmDeviceAttribute { Address = (ulong)&value }) == 0;
        offset = value;
        return isKnown;
    }

    /// <summary>Sets what the guest's time-stamp counter has more than the host's, where <see cref="TryGetTscOffset"/> told it.</summary>
    public void SetTscOffset(ulong offset) => Give(0xe1, new KvmDeviceAttribute { Address = (ulong)&offset });

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_run != null)
        {
            // SAFETY: mapped in the constructor.
            _ = MemoryCalls.Munmap(_run, (nuint)_mappingByteCount);
            _run = null;
        }

        base.Dispose(disposing);
    }

    private void AskWith(uint request, Span<byte> bytes, int byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes.Length, byteCount);
        fixed (byte* pointer = bytes)
        {
            // SAFETY: the span has as many bytes as the kernel reads or writes.
            Ask(request, (nint)pointer);
        }
    }

    private int AskForMsrs(uint request, Span<KvmMsrEntry> entries)
    {
        byte* buffer = stackalloc byte[8 + (entries.Length * sizeof(KvmMsrEntry))];
        var copies = new Span<KvmMsrEntry>(buffer + 8, entries.Length);
        *(ulong*)buffer = (ulong)entries.Length;
        entries.CopyTo(copies);
        // SAFETY: the head says how many entries follow it.
        int count = Ask(request, (nint)buffer);
        copies.CopyTo(entries);
        return count;
    }

    // The signal that ended KVM_RUN is still pending, being blocked again.
    private static void TakeSignal()
    {
        ulong kick = 1UL << (KickSignal - 1);
        var now = default((long Seconds, long Nanoseconds));
        // SAFETY: the kernel reads the set and the time, which is zero: it does not wait.
        _ = Syscall(SigtimedwaitCall, (nint)(&kick), 0, (nint)(&now), SignalSetByteCount);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(long number, nint first, nint second, nint third, nint fourth);
}
