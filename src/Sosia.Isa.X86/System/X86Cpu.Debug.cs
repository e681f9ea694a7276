using System.Runtime.CompilerServices;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Debug registers, breakpoints and single step (Intel SDM vol. 3, chapter 17).</content>
public sealed unsafe partial class X86Cpu
{
    private bool _hasDataBreakpoints;
    private bool _hasCodeBreakpoints;
    private bool _hasPortBreakpoints;

    /// <summary>
    /// True while instructions must be executed one at a time, because EFLAGS.TF is set or a code breakpoint is enabled.
    /// </summary>
    public bool IsStepping => _hasCodeBreakpoints || (State->SystemFlags & ControlBits.Tf) != 0;

    /// <summary>Raises #AC(0) for a misaligned access where alignment is checked (SDM vol. 3, 6.15, interrupt 17).</summary>
    /// <returns>False when it faulted.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool PassesAlignmentCheck(ulong linear, int byteCount)
    {
        if (!_isAlignmentChecked || (linear & (ulong)(byteCount - 1)) == 0)
        {
            return true;
        }

        Fault(ExceptionVector.AlignmentCheck, 0);
        return false;
    }

    /// <summary>Notes a data access for the data breakpoints.</summary>
    /// <returns>True, always: data breakpoints are traps.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool WatchData(ulong linear, int byteCount, bool isWrite)
    {
        if (_hasDataBreakpoints)
        {
            MatchDataBreakpoints(linear, byteCount, isWrite);
        }

        return true;
    }

    /// <summary>Notes a port access for the I/O breakpoints (CR4.DE).</summary>
    internal void WatchPort(ushort port, int byteCount)
    {
        if (_hasPortBreakpoints)
        {
            NoteHits(MatchBreakpoints(port, byteCount, 0b0100));
        }
    }

    /// <summary>Writes a debug register; reserved bits keep their fixed values.</summary>
    public void WriteDr(int number, ulong value)
    {
        State->Dr[number] = number switch
        {
            6 => (value & 0xe00f) | ControlBits.Dr6Fixed,
            7 => (value & 0xffff_23ff) | ControlBits.Dr7Fixed,
            _ => value,
        };
        UpdateDebug();
        UpdatePrivilege();
        RequestEventCheck();
    }

    /// <summary>SYSCALL with EFLAGS.TF masked by IA32_FMASK is not followed by a single-step trap.</summary>
    internal void CancelStepUnlessSet()
    {
        if ((State->SystemFlags & ControlBits.Tf) == 0)
        {
            _stepFrom = -1;
        }
    }

    /// <summary>SYSRET that sets EFLAGS.TF is followed by a single-step trap at once, where IRET and POPF let one instruction pass first.</summary>
    internal void StepIfSet()
    {
        if ((State->SystemFlags & ControlBits.Tf) != 0)
        {
            State->PendingDebugBits |= ControlBits.Dr6Bs;
            Post(PendingEvent.DebugTrap);
        }
    }

    /// <summary>Derives from DR7 which kinds of breakpoint are on.</summary>
    private void UpdateDebug()
    {
        ulong dr7 = State->Dr[7];
        _hasCodeBreakpoints = false;
        _hasDataBreakpoints = false;
        _hasPortBreakpoints = false;
        for (int i = 0; i < 4; i++)
        {
            if (((dr7 >> (2 * i)) & 3) == 0)
            {
                continue;
            }

            switch ((dr7 >> (16 + (4 * i))) & 3)
            {
                case 0:
                    _hasCodeBreakpoints = true;
                    break;
                case 2:
                    _hasPortBreakpoints |= (State->Cr4 & ControlBits.Cr4De) != 0;
                    break;
                default:
                    _hasDataBreakpoints = true;
                    break;
            }
        }
    }

    private void MatchDataBreakpoints(ulong linear, int byteCount, bool isWrite)
    {
        // R/W 1 is writes, R/W 3 reads and writes.
        NoteHits(MatchBreakpoints(linear, byteCount, isWrite ? 0b1010u : 0b1000u));
    }

    private void NoteHits(ulong hits)
    {
        if (hits != 0)
        {
            State->PendingDebugBits |= hits;
            Post(PendingEvent.DebugTrap);
            StopAfterInstruction();
        }
    }

    /// <summary>The DR6 bits of the enabled breakpoints of given types that an access touches.</summary>
    /// <param name="address">Linear address, or port.</param>
    /// <param name="byteCount">Width of the access.</param>
    /// <param name="types">Bit n set: breakpoints with R/W field n count.</param>
    private ulong MatchBreakpoints(ulong address, int byteCount, uint types)
    {
        ulong dr7 = State->Dr[7];
        ulong hits = 0;
        for (int i = 0; i < 4; i++)
        {
            uint type = (uint)(dr7 >> (16 + (4 * i))) & 3;
            if (((dr7 >> (2 * i)) & 3) == 0 || (types & (1u << (int)type)) == 0)
            {
                continue;
            }

            // LEN: 1, 2, 8 or 4 bytes; the processor ignores the address bits below the length.
            ulong length = ((dr7 >> (18 + (4 * i))) & 3) switch { 0 => 1, 1 => 2, 2 => 8, _ => 4 };
            ulong start = State->Dr[i] & ~(length - 1);
            if (address < start + length && start < address + (ulong)byteCount)
            {
                hits |= 1UL << i;
            }
        }

        return hits;
    }

    // An instruction that began with TF set has retired: its trap is due, unless a load of SS hides it (SDM vol. 3, 6.8.3).
    private void NoteStep(bool isDebugHidden)
    {
        if (_stepFrom >= 0 && State->RetiredAtBlock > _stepFrom && !isDebugHidden)
        {
            State->PendingDebugBits |= ControlBits.Dr6Bs;
        }

        _stepFrom = -1;
    }

    // Code breakpoints come before the instruction (a fault), single step after it (a trap).
    private BoundaryAction PrepareStep(bool isDebugHidden)
    {
        X86State* st = State;
        if (_hasCodeBreakpoints && !isDebugHidden && !IsResumeFlagLive)
        {
            ulong linear = st->CodeBits == 64 ? st->Rip : (st->Cs.Base + st->Rip) & 0xffff_ffff;
            ulong hits = MatchBreakpoints(linear, 1, 0b0001);
            if (hits != 0)
            {
                // The handler's own first instruction is not looked at: a breakpoint there must not hold the machine for ever.
                RaiseDebugTrap(hits);
                return st->ShutDown != 0 ? BoundaryAction.ShutDown : BoundaryAction.RunOne;
            }
        }

        _stepFrom = (st->SystemFlags & ControlBits.Tf) != 0 ? st->RetiredAtBlock : -1;
        return BoundaryAction.RunOne;
    }

    private void RaiseDebugTrap(ulong dr6Bits)
    {
        Fault(ExceptionVector.Debug);
        State->FaultAddress = dr6Bits;
        DeliverFault();
    }

    // DR6 collects causes and is never cleared by the processor; DR7.GD lets the handler use the debug registers.
    private void EnterDebug(ulong dr6Bits)
    {
        State->Dr[6] |= dr6Bits;
        State->Dr[7] &= ~ControlBits.Dr7Gd;
    }
}
