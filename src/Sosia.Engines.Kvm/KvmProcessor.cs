using System;
using System.ComponentModel;
using System.Diagnostics;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Core.Time;
using Sosia.Engines.Interpreter;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Kvm;

/// <summary>
/// Runs one processor by KVM. While the guest runs its state is KVM's; it stays there from one run to the next, until somebody needs it
/// (<see cref="BringBack"/>).
/// </summary>
internal sealed unsafe partial class KvmProcessor : IDisposable
{
    // After an instruction that KVM cannot emulate the interpreter goes on for this many instructions at least, and for more when KVM fails again soon.
    private const long MinInterpreted = 1;
    private const long MaxInterpreted = 8192;
    private const long ClosedGateInstructions = 1000;

    // KVM has failed again at once when less time went by than so many moves of the state take; the move to KVM is a part of it.
    private const int SoonMoves = 4;

    private readonly KvmMachine _machine;
    private readonly X86Cpu _cpu;
    private readonly KvmVcpu _vcpu;
    private readonly StateTransfer _transfer;
    private readonly InterpreterEngine _interpreter = new();
    private readonly ExitCounters _exits = new();
    private bool _isInKvm;
    private bool _hasJustMoved;
    private bool _hasOpenExit;
    private bool _hasDebugEvent;
    private long _interpretNext = MinInterpreted;
    private long _lastFailure;

    public KvmProcessor(KvmMachine machine, X86Cpu cpu, KvmVcpu vcpu, StateTransfer transfer)
    {
        _machine = machine;
        _cpu = cpu;
        _vcpu = vcpu;
        _transfer = transfer;
        cpu.AttentionRequested = vcpu.Interrupt;
    }

    /// <summary>Why guest code was left.</summary>
    public ExitCounters Exits => _exits;

    /// <summary>Instructions that the interpreter had to execute, because KVM could not.</summary>
    public long InterpretedInstructions { get; private set; }

    /// <summary>Our processor.</summary>
    public X86Cpu Cpu => _cpu;

    /// <summary>KVM's.</summary>
    public KvmVcpu Vcpu => _vcpu;

    /// <summary>What was hidden of the processor model when KVM was told what CPUID answers.</summary>
    public HiddenCpuidBits[] AnnouncedHidden { get; set; } = [];

    /// <summary>Runs guest code until something happens that is not the engine's business.</summary>
    public ExitReason Run()
    {
        if (_hasDebugEvent)
        {
            _hasDebugEvent = false;
            return ExitReason.DebugEvent;
        }

        _vcpu.Enter();
        try
        {
            while (true)
            {
                // First the request, then what it may be about: a request from another thread either is seen here or makes the guest stop at once.
                _vcpu.AcceptInterrupts();
                _cpu.PassBoundary();
                _machine.Hardware.Memory.Threads.WaitWhileExclusive();
                if (Attend() is { } reason)
                {
                    return reason;
                }

                if (_cpu.State->A20Mask != ulong.MaxValue)
                {
                    // KVM knows no gate at address line 20.
                    if (Interpret(ClosedGateInstructions) is { } other)
                    {
                        return other;
                    }

                    continue;
                }

                RunTimers();
                _machine.Slots.Update();
                _machine.Doorbells?.Update();
                _machine.Breakpoints.Insert();
                _machine.TakeOver();
                EnsureInKvm();
                Inject();
                int error = _vcpu.Run();
                _hasJustMoved = false;
                _hasOpenExit = false;
                TakeApicState();
                _machine.CollectedWrites.Take(_vcpu);
                if (error is HostError.Interrupted or HostError.WouldBlock)
                {
                    _exits.Count(ExitCounters.Cause.Kick);
                }
                else if ((error == 0 ? HandleExit() : HandleFailure(error)) is { } exit)
                {
                    return exit;
                }
            }
        }
        finally
        {
            _vcpu.Leave();
        }
    }

    /// <summary>Retires an exact number of instructions, by the interpreter.</summary>
    public ExitReason RunExactly(in RunLimits limits)
    {
        _machine.Leave();
        _machine.NoteNativeWrites();
        long before = _cpu.RetiredInstructions;
        ExitReason reason = _interpreter.Run(_cpu, limits);
        InterpretedInstructions += _cpu.RetiredInstructions - before;
        return reason;
    }

    /// <summary>Gives KVM the state, unless it has it.</summary>
    public void EnsureInKvm()
    {
        if (!_isInKvm)
        {
            _machine.GiveClock();
            try
            {
                _transfer.Push();
            }
            catch (Win32Exception error) when (error.NativeErrorCode == HostError.InvalidArgument && _machine.MissingFeatures.Count != 0)
            {
                throw new SosiaException(
                    $"The host's KVM refuses the guest's state: the guest was started with processor features that this KVM lacks ({string.Join(", ", _machine.MissingFeatures)}); choose another --engine.",
                    FailureKind.Host,
                    error);
            }

            if (_isSingleStep)
            {
                // KVM sets the trap flag only for the address at which it was asked to.
                _ = TryApplyDebug();
            }

            _isInKvm = true;
            _hasJustMoved = true;
            _machine.HasRunNatively = true;
        }
    }

    /// <summary>Takes the state from KVM, if it is there.</summary>
    public void BringBack()
    {
        if (!_isInKvm)
        {
            return;
        }

        bool isUp = CompleteAccess();
        _isInKvm = false;
        if (!_transfer.Pull() || !isUp)
        {
            _cpu.State->ShutDown = 1;
        }
    }

    /// <summary>Says whether it executes or waits, to a KVM that has the local APIC.</summary>
    public void GiveMpState()
        => _vcpu.SetMpState(_cpu.State->WaitForSipi != 0 ? KvmMpState.InitReceived : _cpu.State->Halted != 0 ? KvmMpState.Halted : KvmMpState.Runnable);

    /// <summary>Asks whether it executes or waits, a KVM that has the local APIC.</summary>
    public void TakeMpState()
    {
        KvmMpState state = _vcpu.GetMpState();
        _cpu.State->Halted = (byte)(state == KvmMpState.Halted ? 1 : 0);
        _cpu.State->WaitForSipi = (byte)(state is KvmMpState.Uninitialized or KvmMpState.InitReceived or KvmMpState.SipiReceived ? 1 : 0);
        if (state == KvmMpState.SipiReceived)
        {
            _vcpu.GetEvents(out KvmVcpuEvents events);
            _cpu.Startup((byte)events.SipiVector);
        }
    }

    /// <summary>Our local APIC follows what the guest has written to IA32_APIC_BASE.</summary>
    public void TakeApicBase()
    {
        _vcpu.GetSregs(out KvmSregs sregs);
        if (_cpu.InterruptController is { } controller && controller.BaseRegister != sregs.ApicBase)
        {
            _ = controller.TrySetBaseRegister(sregs.ApicBase);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cpu.AttentionRequested = null;
        _interpreter.Dispose();
        _vcpu.Dispose();
    }

    // An access that the last exit was about is completed, which may lead to the next part of it. False when the processor has shut down.
    private bool CompleteAccess()
    {
        while (_hasOpenExit && _vcpu.Complete() == 0)
        {
            _hasOpenExit = false;
            switch (_vcpu.Shared->ExitReason)
            {
                case KvmExit.Io:
                case KvmExit.Mmio:
                case KvmExit.ReadMsr:
                case KvmExit.WriteMsr:
                    _ = HandleExit();
                    break;
                case KvmExit.Debug:
                    _exits.Count(ExitCounters.Cause.Debug);
                    _hasDebugEvent = true;
                    break;
                case KvmExit.Shutdown:
                    _exits.Count(ExitCounters.Cause.Shutdown);
                    return false;
                default:
                    // KVM cannot go on with the instruction, which is still to be executed: whoever has the state does that.
                    break;
            }
        }

        _hasOpenExit = false;
        return true;
    }

    // Looks at what waits at an instruction boundary. Null: go on.
    private ExitReason? Attend()
    {
        X86State* st = _cpu.State;
        var events = (PendingEvent)st->PendingEvents;
        if ((events & PendingEvent.MemoryMap) != 0)
        {
            _cpu.Withdraw(PendingEvent.MemoryMap);
            _cpu.MemoryMapChanged();
        }

        if (st->ShutDown != 0)
        {
            return ExitReason.Shutdown;
        }

        if (!_machine.HasKernelApics && ((events & (PendingEvent.Init | PendingEvent.Startup | PendingEvent.DebugTrap)) != 0 || st->WaitForSipi != 0))
        {
            BringBack();
            switch (_cpu.ServiceEvents())
            {
                case BoundaryAction.Halted:
                    return ExitReason.Halted;
                case BoundaryAction.Kicked:
                    return ExitReason.Kicked;
                case BoundaryAction.ShutDown:
                    return ExitReason.Shutdown;
                default:
                    return null;
            }
        }

        if ((events & PendingEvent.Kick) != 0)
        {
            _cpu.Withdraw(PendingEvent.Kick);
            return ExitReason.Kicked;
        }

        if (st->Halted == 0 || _machine.HasKernelApics)
        {
            return null;
        }

        bool wakes = (events & PendingEvent.Nmi) != 0 || ((events & PendingEvent.Interrupt) != 0 && IsInterruptFlagSet());
        if (!wakes)
        {
            return ExitReason.Halted;
        }

        st->Halted = 0;
        return null;
    }

    // Somebody else looks after timers, but may have to wait for a host processor, or for the lock that a busy guest takes again and again.
    private void RunTimers()
    {
        MachineClock clock = _machine.Hardware.Clock;
        if (clock.NextDeadlineNanoseconds <= clock.NowNanoseconds)
        {
            using MachineLock.Holder held = _machine.Hardware.Memory.Threads.Devices.Enter();
            clock.RunExpired();
        }
    }

    private bool IsInterruptFlagSet() => _isInKvm && !_hasJustMoved ? _vcpu.Shared->InterruptFlag != 0 : (_cpu.State->SystemFlags & ControlBits.If) != 0;

    // Gives KVM what our own interrupt controllers have for the processor.
    private void Inject()
    {
        X86State* st = _cpu.State;
        KvmRun* run = _vcpu.Shared;
        if ((st->PendingEvents & (int)PendingEvent.Nmi) != 0)
        {
            _cpu.Withdraw(PendingEvent.Nmi);
            _vcpu.InjectNmi();
        }

        if (!_machine.HasKernelApics)
        {
            bool isReady = _hasJustMoved
                ? (st->SystemFlags & ControlBits.If) != 0 && !_cpu.IsInInterruptShadow
                : run->ReadyForInterrupt != 0 && run->InterruptFlag != 0;
            if (isReady && (st->PendingEvents & (int)PendingEvent.Interrupt) != 0)
            {
                int vector = _cpu.InterruptController?.AcknowledgeInterrupt() ?? -1;
                if (vector >= 0)
                {
                    _vcpu.InjectInterrupt(vector);
                    _cpu.EventCounts[vector]++;
                }
            }

            run->RequestInterruptWindow = (byte)((st->PendingEvents & (int)PendingEvent.Interrupt) != 0 ? 1 : 0);
            run->Cr8 = _cpu.InterruptController?.TaskPriorityClass ?? 0;
        }
        else if (_machine.Interrupts is { } interrupts)
        {
            run->RequestInterruptWindow = (byte)(interrupts.InjectExternal(this, _hasJustMoved ? IsInterruptFlagSet() : run->ReadyForInterrupt != 0) ? 1 : 0);
        }
    }

    // CR8 and IA32_APIC_BASE are KVM's to change while the rest of the local APIC is ours.
    private void TakeApicState()
    {
        if (_machine.HasKernelApics || _cpu.InterruptController is not { } controller)
        {
            return;
        }

        KvmRun* run = _vcpu.Shared;
        if (run->Cr8 != controller.TaskPriorityClass)
        {
            controller.TaskPriorityClass = (byte)(run->Cr8 & 0xf);
        }

        if (run->ApicBase != controller.BaseRegister)
        {
            _ = controller.TrySetBaseRegister(run->ApicBase);
        }
    }

    // The interpreter executes what KVM cannot: this instruction, and more each time when KVM fails again at once.
    private ExitReason? InterpretDifficult()
    {
        long failure = Stopwatch.GetTimestamp();
        BringBack();
        long move = Stopwatch.GetTimestamp() - failure;
        // A host that was busy with something else makes a failure look late: that halves, and does not forget.
        _interpretNext = failure - _lastFailure < SoonMoves * move ? Math.Min(_interpretNext * 2, MaxInterpreted) : Math.Max(_interpretNext / 2, MinInterpreted);
        ExitReason? reason = _isSingleStep ? InterpretOne() : Interpret(_interpretNext);
        _lastFailure = Stopwatch.GetTimestamp();
        return reason;
    }

    private ExitReason? Interpret(long instructionCount)
    {
        BringBack();
        // Other processors that run meanwhile may miss one of a debugger's breakpoints; the interpreter must not meet them.
        _machine.Breakpoints.Withdraw();
        _machine.NoteNativeWrites();
        long before = _cpu.RetiredInstructions;
        ExitReason reason = _interpreter.Run(_cpu, new RunLimits(instructionCount));
        InterpretedInstructions += _cpu.RetiredInstructions - before;
        // A halt is looked at like one of KVM's.
        return reason is ExitReason.BudgetUsed or ExitReason.Halted ? null : reason;
    }
}
