using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Time;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>
/// One x86 virtual CPU: the architectural state in native memory and everything that instructions do beyond arithmetic – address
/// translation, segments, interrupts, system registers. It knows nothing of how an engine advances it.
/// </summary>
public sealed unsafe partial class X86Cpu : IVcpu, IMemoryMapObserver, IDisposable
{
    private readonly GCHandle _self;
    private byte _startupVector;
    private long _boundariesPassed;
    private uint _pauses;

    /// <summary>Creates a CPU in its power-on state.</summary>
    /// <param name="index">Its number in the machine, from 0.</param>
    /// <param name="memory">The guest physical address space.</param>
    /// <param name="ports">The I/O ports.</param>
    /// <param name="clock">The machine's clock, which the time-stamp counter follows (1 tick per nanosecond).</param>
    /// <param name="cpuCount">How many processors the machine has, as CPUID tells.</param>
    /// <param name="model">What CPUID announces; null for <see cref="CpuModel.Default"/>.</param>
    public X86Cpu(int index, MemoryBus memory, PortBus ports, MachineClock clock, int cpuCount = 1, CpuModel? model = null)
    {
        Index = index;
        CpuCount = cpuCount;
        Model = model ?? CpuModel.Default;
        Memory = memory;
        Ports = ports;
        Clock = clock;
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        // SAFETY: native, zeroed, 64-byte aligned memory that lives until Dispose.
        State = (X86State*)NativeMemory.AlignedAlloc((nuint)sizeof(X86State), 64);
        NativeMemory.Clear(State, (nuint)sizeof(X86State));
        State->Owner = GCHandle.ToIntPtr(_self);
        AllocateTlbs();
        memory.AddObserver(this);
        Reset();
    }

    /// <inheritdoc/>
    public int Index { get; }

    /// <summary>How many processors the machine has; CPUID describes them as the cores of one package.</summary>
    public int CpuCount { get; }

    /// <inheritdoc/>
    public string IsaName => "x86";

    /// <summary>What CPUID announces; instructions of other features are undefined.</summary>
    public CpuModel Model { get; }

    /// <summary>The state; its address is fixed for the life of the CPU.</summary>
    public X86State* State { get; private set; }

    /// <inheritdoc/>
    public Action? Posted { get; set; }

    /// <summary>Called by <see cref="RequestAttention"/>, on any thread: set by an engine whose guest code does not look at the limit; null for none.</summary>
    public Action? AttentionRequested { get; set; }

    /// <inheritdoc/>
    public long BoundariesPassed => Volatile.Read(ref _boundariesPassed);

    /// <summary>The guest physical address space.</summary>
    public MemoryBus Memory { get; }

    /// <summary>The I/O ports.</summary>
    public PortBus Ports { get; }

    /// <summary>The machine's clock.</summary>
    public MachineClock Clock { get; }

    /// <summary>The local interrupt controller; null on a machine without one (then the interrupt wire has no vector and is ignored).</summary>
    public ILocalInterruptController? InterruptController { get; set; }

    /// <summary>
    /// FERR#: asserted when a waiting x87 or MMX instruction finds an unmasked exception while CR0.NE is clear. On a PC it leads to IRQ 13, and a
    /// write to port F0h releases it; both are the machine's business. Null on a machine without that logic.
    /// </summary>
    public IrqLine? FloatingPointErrorLine { get; set; }

    /// <inheritdoc/>
    /// <remarks>Exact also inside a block: the instructions before the running one count, the running one does not.</remarks>
    public long RetiredInstructions => State->CurrentOp == null ? State->RetiredAtBlock : State->RetiredAtBlock + State->CurrentOp->IndexInBlock;

    /// <summary>Accesses to I/O ports so far.</summary>
    public long PortAccesses { get; internal set; }

    /// <summary>Accesses so far to memory that is not RAM.</summary>
    public long DeviceMemoryAccesses { get; private set; }

    /// <summary>Interrupts of controllers delivered so far, non-maskable ones included.</summary>
    public long InterruptsTaken { get; private set; }

    /// <summary>The time-stamp counter.</summary>
    public ulong TimeStampCounter => TicksAt(Clock.NowNanoseconds) + State->TscOffset;

    /// <summary>The CPU that a state belongs to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static X86Cpu FromState(X86State* state)
        => Unsafe.As<X86Cpu>(GCHandle.FromIntPtr(state->Owner).Target!);

    /// <summary>Records a fault without an error code; the running instruction must commit nothing and return.</summary>
    public void Fault(byte vector)
    {
        State->Exit = BlockExit.Fault;
        State->FaultVector = vector;
        State->FaultHasErrorCode = 0;
        State->FaultErrorCode = 0;
    }

    /// <summary>Records a fault with an error code; the running instruction must commit nothing and return.</summary>
    public void Fault(byte vector, uint errorCode)
    {
        State->Exit = BlockExit.Fault;
        State->FaultVector = vector;
        State->FaultHasErrorCode = 1;
        State->FaultErrorCode = errorCode;
    }

    /// <summary>True when the running instruction has faulted.</summary>
    public bool Faulted => State->Exit == BlockExit.Fault;

    /// <summary>Ends the block after the running instruction, so that events are looked at.</summary>
    public void StopAfterInstruction()
    {
        if (State->Exit == BlockExit.None)
        {
            State->Exit = BlockExit.AfterInstruction;
        }
    }

    /// <summary>RFLAGS as the guest sees it.</summary>
    public ulong Rflags
    {
        get => State->SystemFlags | LazyFlags.ToEflags(State->FlagResult, State->FlagCarries);
        set
        {
            State->FlagResult = LazyFlags.FromEflags((uint)value, out ulong carries);
            State->FlagCarries = carries;
            State->SystemFlags = (value & ~(ulong)LazyFlags.All) | 2;
        }
    }

    /// <inheritdoc/>
    public void Kick() => Post(PendingEvent.Kick);

    /// <summary>Makes the CPU notice an event at the next instruction boundary. Callable from any thread.</summary>
    public void Post(PendingEvent pendingEvent)
    {
        Interlocked.Or(ref State->PendingEvents, (int)pendingEvent);
        RequestAttention();
        Posted?.Invoke();
    }

    /// <inheritdoc/>
    /// <remarks>The engine compares retired instructions with this limit at every block: 0 makes it look at the events.</remarks>
    public void RequestAttention()
    {
        Volatile.Write(ref State->RetireLimit, 0);
        AttentionRequested?.Invoke();
    }

    /// <summary>The guest waits for another processor in a loop: gives the host's processor away after some rounds of it.</summary>
    internal void PauseInSpin()
    {
        const uint RoundsPerYield = 32;
        if (++_pauses % RoundsPerYield == 0)
        {
            Thread.Yield();
        }
    }

    /// <summary>Withdraws an event.</summary>
    public void Withdraw(PendingEvent pendingEvent) => Interlocked.And(ref State->PendingEvents, ~(int)pendingEvent);

    /// <inheritdoc/>
    public void SetSignal(CpuSignal signal, bool asserted)
    {
        switch (signal)
        {
            case CpuSignal.Interrupt when asserted:
                Post(PendingEvent.Interrupt);
                break;
            case CpuSignal.Interrupt:
                Withdraw(PendingEvent.Interrupt);
                break;
            case CpuSignal.NonMaskableInterrupt when asserted:
                Post(PendingEvent.Nmi);
                break;
            case CpuSignal.Init when asserted:
                Post(PendingEvent.Init);
                break;
            case CpuSignal.AddressLine20:
                ulong mask = asserted ? ulong.MaxValue : ~(1UL << 20);
                if (State->A20Mask != mask)
                {
                    Volatile.Write(ref State->A20Mask, mask);
                    MemoryMapChanged();
                }

                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public void Startup(byte vector)
    {
        _startupVector = vector;
        Post(PendingEvent.Startup);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (State != null)
        {
            FreeTlbs();
            // SAFETY: allocated in the constructor; nobody may use the CPU after this.
            NativeMemory.AlignedFree(State);
            State = null;
            _self.Free();
        }
    }
}
