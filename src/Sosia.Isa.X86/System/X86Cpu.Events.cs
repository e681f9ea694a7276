using System;
using System.Threading;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Exceptions and interrupts from their cause to their handler (SDM vol. 3, chapter 6).</content>
public sealed unsafe partial class X86Cpu
{
    private const int MaxFaultChain = 4;

    private readonly FaultRecord[] _faultChain = new FaultRecord[MaxFaultChain];
    private int _faultChainCount;
    private bool _hasFaultRip;
    private ulong _faultRip;

    // RF set by IRET lives until the instruction that has this number retires; see IsResumeFlagLive.
    private long _resumeFlagAt = -1;

    // The instruction that has this number stands in the shadow of STI, MOV SS or POP SS.
    private long _shadowAt = -1;
    private bool _shadowHidesDebug;

    // A single step that began with TF set at this instruction number.
    private long _stepFrom = -1;

    /// <summary>The faults that led to the last double or triple fault, oldest first.</summary>
    public ReadOnlySpan<FaultRecord> FaultChain => _faultChain.AsSpan(0, _faultChainCount);

    /// <summary>Set to see every delivered event, and more; null otherwise.</summary>
    public ICpuTrace? Trace { get; set; }

    /// <summary>Exceptions and interrupts delivered so far, by vector.</summary>
    public long[] EventCounts { get; } = new long[256];

    /// <summary>
    /// Delivers the fault that is recorded in the state. RIP must be that of the faulting instruction.
    /// </summary>
    /// <returns>False after a triple fault: the processor is shut down.</returns>
    public bool DeliverFault()
    {
        X86State* st = State;
        // A task switch that faults after its point of no return does so in the new task (SDM vol. 3, 7.3).
        if (_hasFaultRip)
        {
            st->Rip = _faultRip;
            _hasFaultRip = false;
        }

        _faultChainCount = 0;
        return DeliverChain(previous: -1);
    }

    /// <summary>Delivers an interrupt or a software interrupt at an instruction boundary, and the faults that this may raise.</summary>
    /// <returns>False after a triple fault.</returns>
    public bool DeliverInterrupt(int vector, EventKind kind)
    {
        _faultChainCount = 0;
        Deliver(vector, kind, hasErrorCode: false, 0);
        return !Faulted || DeliverChain(previous: -1);
    }

    /// <summary>Delivers a software interrupt in the middle of its instruction; RIP must stand behind it.</summary>
    internal void DeliverSoftware(int vector, EventKind kind) => Deliver(vector, kind, hasErrorCode: false, 0);

    /// <summary>Handles the events that wait at an instruction boundary. RIP and the retired count must be exact.</summary>
    public BoundaryAction ServiceEvents()
    {
        X86State* st = State;
        st->CurrentOp = null;
        if (CpuCount > 1)
        {
            Interlocked.Increment(ref _boundariesPassed);
        }

        bool isInShadow = _shadowAt == st->RetiredAtBlock;
        bool isDebugHidden = isInShadow && _shadowHidesDebug;
        while (true)
        {
            var events = (PendingEvent)st->PendingEvents;
            if ((events & PendingEvent.MemoryMap) != 0)
            {
                Withdraw(PendingEvent.MemoryMap);
                DropTranslations();
            }

            if ((events & PendingEvent.Init) != 0)
            {
                Withdraw(PendingEvent.Init);
                TakeInit();
                continue;
            }

            if (st->WaitForSipi != 0)
            {
                if ((events & PendingEvent.Startup) == 0)
                {
                    return TakeKick() ? BoundaryAction.Kicked : BoundaryAction.Halted;
                }

                TakeStartup();
            }

            if ((events & PendingEvent.Startup) != 0)
            {
                Withdraw(PendingEvent.Startup);
            }

            if (st->ShutDown != 0)
            {
                return BoundaryAction.ShutDown;
            }

            NoteStep(isDebugHidden);
            if (st->PendingDebugBits != 0 && !isDebugHidden)
            {
                ulong bits = st->PendingDebugBits;
                st->PendingDebugBits = 0;
                Withdraw(PendingEvent.DebugTrap);
                st->Halted = 0;
                RaiseDebugTrap(bits);
                continue;
            }

            if ((events & PendingEvent.Nmi) != 0 && st->NmiBlocked == 0 && !isInShadow)
            {
                Withdraw(PendingEvent.Nmi);
                st->Halted = 0;
                st->NmiBlocked = 1;
                InterruptsTaken++;
                DeliverInterrupt(ExceptionVector.Nmi, EventKind.NonMaskable);
                continue;
            }

            if ((events & PendingEvent.Interrupt) != 0 && (st->SystemFlags & ControlBits.If) != 0 && !isInShadow)
            {
                int vector = InterruptController?.AcknowledgeInterrupt() ?? -1;
                if (vector >= 0)
                {
                    st->Halted = 0;
                    InterruptsTaken++;
                    DeliverInterrupt(vector, EventKind.External);
                    continue;
                }
            }

            break;
        }

        if (TakeKick())
        {
            return BoundaryAction.Kicked;
        }

        if (st->Halted != 0)
        {
            return BoundaryAction.Halted;
        }

        if (!IsStepping)
        {
            // While nothing else waits, the shadow needs no attention: whoever posts an event makes the engine ask again.
            bool needsAttention = isInShadow && (st->PendingEvents != 0 || st->PendingDebugBits != 0);
            return needsAttention || Trace is { WantsInstructions: true } ? BoundaryAction.RunOne : BoundaryAction.Run;
        }

        return PrepareStep(isDebugHidden);
    }

    /// <summary>To be called by the engine before the one instruction of <see cref="BoundaryAction.RunOne"/>.</summary>
    public void TraceInstruction()
    {
        if (Trace is { WantsInstructions: true } trace)
        {
            trace.InstructionStarting(this);
        }
    }

    /// <summary>
    /// Makes the engine look at the events after the running instruction, which must end its block: for instructions that may
    /// unmask what is already pending.
    /// </summary>
    internal void RequestEventCheck()
    {
        if (State->PendingEvents != 0 || IsStepping)
        {
            State->RetireLimit = 0;
        }
    }

    /// <summary>Opens the one-instruction shadow of STI (interrupts) or of MOV SS and POP SS (also debug traps).</summary>
    internal void OpenShadow(bool hidesDebug)
    {
        // A shadow does not follow a shadow: only the first of several loads of SS in a row is sure to inhibit (SDM vol. 3, 6.8.3).
        _shadowAt = RetiredInstructions + 1;
        _shadowHidesDebug = hidesDebug;
        RequestEventCheck();
    }

    /// <summary>Sets RF for exactly the next instruction, as IRET does.</summary>
    internal void SetResumeFlag(bool set)
    {
        if (set)
        {
            State->SystemFlags |= ControlBits.Rf;
            _resumeFlagAt = RetiredInstructions + 1;
        }
        else
        {
            State->SystemFlags &= ~ControlBits.Rf;
        }
    }

    /// <summary>RF is cleared by every instruction that completes: it counts only for the instruction it was set for.</summary>
    private bool IsResumeFlagLive
        => (State->SystemFlags & ControlBits.Rf) != 0 && _resumeFlagAt == RetiredInstructions;

    private bool TakeKick()
    {
        if ((State->PendingEvents & (int)PendingEvent.Kick) == 0)
        {
            return false;
        }

        Withdraw(PendingEvent.Kick);
        return true;
    }

    /// <summary>Does what its INIT pin does, at once. While nothing executes it, and the engine does not keep its state.</summary>
    public void Initialize()
    {
        Withdraw(PendingEvent.Init);
        TakeInit();
    }

    private void TakeInit()
    {
        SetInitState();
        State->PendingDebugBits = 0;
        Withdraw(PendingEvent.Nmi);
        Withdraw(PendingEvent.DebugTrap);
        State->WaitForSipi = WaitsAfterInit;
        InterruptController?.CpuInitialized();
    }

    private void TakeStartup()
    {
        X86State* st = State;
        st->WaitForSipi = 0;
        st->Cs.Selector = (ushort)(_startupVector << 8);
        st->Cs.Base = (ulong)_startupVector << 12;
        st->Rip = 0;
        UpdateMode();
    }

    // Delivers the recorded fault and those that its delivery raises (SDM vol. 3, table 6-5).
    private bool DeliverChain(int previous)
    {
        X86State* st = State;
        while (true)
        {
            byte vector = st->FaultVector;
            bool hasErrorCode = st->FaultHasErrorCode != 0;
            uint errorCode = st->FaultErrorCode;
            st->Exit = BlockExit.None;
            _hasFaultRip = false;
            if (vector == ExceptionVector.PageFault)
            {
                st->Cr2 = st->FaultAddress;
            }

            Record(vector, hasErrorCode ? errorCode : 0);
            if (previous >= 0)
            {
                FaultClass first = ClassOf(previous);
                FaultClass second = ClassOf(vector);
                if (first == FaultClass.Double && second != FaultClass.Benign)
                {
                    st->ShutDown = 1;
                    RequestShutDown();
                    return false;
                }

                if ((first == FaultClass.Contributory && second == FaultClass.Contributory)
                    || (first == FaultClass.Page && second != FaultClass.Benign))
                {
                    vector = ExceptionVector.DoubleFault;
                    hasErrorCode = true;
                    errorCode = 0;
                }
            }

            if (vector == ExceptionVector.Debug)
            {
                EnterDebug(st->FaultAddress);
            }

            Deliver(vector, EventKind.Exception, hasErrorCode, errorCode);
            if (!Faulted)
            {
                return true;
            }

            previous = vector;
        }
    }

    private void RequestShutDown() => State->RetireLimit = 0;

    private void Record(byte vector, uint errorCode)
    {
        if (_faultChainCount < MaxFaultChain)
        {
            ulong address = vector == ExceptionVector.PageFault ? State->FaultAddress : 0;
            _faultChain[_faultChainCount++] = new FaultRecord(vector, errorCode, address, State->Cs.Selector, State->Rip);
        }
    }

    private static FaultClass ClassOf(int vector) => vector switch
    {
        ExceptionVector.DivideError or ExceptionVector.InvalidTss or ExceptionVector.SegmentNotPresent
            or ExceptionVector.StackFault or ExceptionVector.GeneralProtection => FaultClass.Contributory,
        ExceptionVector.PageFault => FaultClass.Page,
        ExceptionVector.DoubleFault => FaultClass.Double,
        _ => FaultClass.Benign,
    };

    private void Deliver(int vector, EventKind kind, bool hasErrorCode, uint errorCode)
    {
        Trace?.EventDelivered(this, vector, kind, hasErrorCode ? errorCode : null);
        EventCounts[vector]++;
        // The image of RF: set by faults so that their instruction is not broken upon again; for the rest what it is now.
        bool isFault = kind == EventKind.Exception && (vector != ExceptionVector.Debug || (State->FaultAddress & ControlBits.Dr6Bd) != 0);
        ulong flags = Rflags & ~ControlBits.Rf;
        if (isFault || (kind != EventKind.Software && kind != EventKind.PrivilegedSoftware && IsResumeFlagLive))
        {
            flags |= ControlBits.Rf;
        }

        _stepFrom = -1;
        _shadowAt = -1;
        if (kind is EventKind.Exception or EventKind.PrivilegedSoftware)
        {
            // A breakpoint trap that MOV SS or POP SS held back is lost when the next instruction faults or is INT1; INT n, INT3 and INTO keep it.
            State->PendingDebugBits = 0;
            Withdraw(PendingEvent.DebugTrap);
        }

        if (IsLongMode)
        {
            DeliverLong(vector, kind, hasErrorCode, errorCode, flags);
        }
        else if ((State->Cr0 & ControlBits.Cr0Pe) != 0)
        {
            DeliverProtected(vector, kind, hasErrorCode, errorCode, flags);
        }
        else
        {
            DeliverReal(vector, kind);
        }
    }

    // The flags that every delivery clears, and what follows from the new privilege level and flags.
    private void FinishDelivery(bool clearInterrupt)
    {
        State->SystemFlags &= ~(ControlBits.Tf | ControlBits.Nt | ControlBits.Rf | ControlBits.Vm | (clearInterrupt ? ControlBits.If : 0));
        UpdateMode();
    }

    private enum FaultClass
    {
        Benign,
        Contributory,
        Page,
        Double,
    }
}
