using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Processor modes and the power-on state.</content>
public sealed unsafe partial class X86Cpu
{
    /// <summary>True in protected mode proper: CR0.PE set and not virtual-8086.</summary>
    public bool IsProtected => (State->Cr0 & ControlBits.Cr0Pe) != 0 && (State->SystemFlags & ControlBits.Vm) == 0;

    /// <summary>True in virtual-8086 mode.</summary>
    public bool IsVirtual8086 => (State->SystemFlags & ControlBits.Vm) != 0;

    /// <summary>True in IA-32e mode: 64-bit or compatibility.</summary>
    public bool IsLongMode => (State->Efer & ControlBits.EferLma) != 0;

    /// <summary>The address of the instruction being executed (not of the next one).</summary>
    public ulong InstructionRip => State->CurrentOp == null ? State->Rip : State->BlockRip + State->CurrentOp->RipOffset;

    /// <summary>
    /// Derives code width, stack width and what depends on them from CR0, EFER, EFLAGS.VM, CS and SS. To be called after any of these
    /// or the CPL changes.
    /// </summary>
    public void UpdateMode()
    {
        X86State* st = State;
        bool isBig = (st->Cs.Attributes & SegmentRegister.Big) != 0;
        bool isLongCode = (st->Efer & ControlBits.EferLma) != 0 && (st->Cs.Attributes & SegmentRegister.Long) != 0;
        st->CodeBits = isLongCode ? 64 : isBig ? 32 : 16;
        st->StackBits = isLongCode ? 64 : (st->Ss.Attributes & SegmentRegister.Big) != 0 ? 32 : 16;
        st->CodeMode = CodeModeNow();
        UpdatePrivilege();
    }

    /// <summary>To be called after a change of DS or ES alone, which affects nothing but what translations take for granted.</summary>
    private void UpdateCodeMode()
    {
        CodeMode mode = CodeModeNow();
        if (mode != State->CodeMode)
        {
            State->CodeMode = mode;
            PublishJumpGeneration();
        }
    }

    private CodeMode CodeModeNow()
    {
        X86State* st = State;
        var mode = (CodeMode)st->CodeBits;
        if (mode != CodeMode.Bits32 || st->Cs.Base != 0 || st->Cs.Limit != uint.MaxValue)
        {
            return mode;
        }

        mode |= CodeMode.FlatCode | (st->StackBits == 32 ? CodeMode.Stack32 : 0);
        bool isFlat = st->Ss.IsFlatData && st->Ds.IsFlatData && st->Es.IsFlatData;
        return mode | (isFlat && st->StackBits == 32 ? CodeMode.FlatData : 0);
    }

    /// <inheritdoc/>
    /// <remarks>SDM vol. 3, table 9-1: the power-up column.</remarks>
    public void Reset()
    {
        X86State* st = State;
        nint owner = st->Owner;
        long retired = RetiredInstructions;
        long misses = st->TlbMisses;
        Unsafe.InitBlock(st, 0, (uint)sizeof(X86State));
        st->Owner = owner;
        st->RetiredAtBlock = retired;
        st->TlbMisses = misses;
        st->A20Mask = ulong.MaxValue;
        st->TscOffset = 0UL - TicksAt(Clock.NowNanoseconds);
        ResetParavirtual();
        st->Fcw = 0x40;
        st->Mxcsr = 0x1f80;
        st->Xcr0 = 1;
        st->Pat = 0x0007_0406_0007_0406;
        st->MiscEnable = MiscEnablePowerOn;
        SetInitState();
        st->Cr0 = ControlBits.Cr0Cd | ControlBits.Cr0Nw | ControlBits.Cr0Et;
        st->WaitForSipi = WaitsAfterInit;
        InterruptController?.CpuInitialized();
    }

    /// <summary>
    /// What INIT sets: everything but caches, MSRs, the time-stamp counter and the x87 and vector registers (SDM vol. 3, table 9-1).
    /// </summary>
    private void SetInitState()
    {
        X86State* st = State;
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[i] = 0;
        }

        st->Gpr[2] = CpuidModel.Signature;
        st->Rip = 0xfff0;
        Rflags = 2;
        st->Cr0 = (st->Cr0 & (ControlBits.Cr0Cd | ControlBits.Cr0Nw)) | ControlBits.Cr0Et;
        st->Cr2 = 0;
        st->Cr3 = 0;
        st->Cr4 = 0;
        st->Efer = 0;
        for (int i = 0; i < 4; i++)
        {
            st->Dr[i] = 0;
        }

        st->Dr[6] = ControlBits.Dr6Fixed;
        st->Dr[7] = ControlBits.Dr7Fixed;
        SetRealSegment(ref st->Es, 0);
        SetRealSegment(ref st->Ss, 0);
        SetRealSegment(ref st->Ds, 0);
        SetRealSegment(ref st->Fs, 0);
        SetRealSegment(ref st->Gs, 0);
        SetRealSegment(ref st->Cs, 0xf000);
        st->Cs.Base = 0xffff_0000;
        st->Ldtr = new SegmentRegister { Limit = 0xffff, Attributes = SegmentRegister.Present | 2 };
        // A busy 32-bit TSS: with a 16-bit one, a processor that never loaded TR could not enter long mode, which application processors do.
        st->Tr = new SegmentRegister { Limit = 0xffff, Attributes = SegmentRegister.Present | 0xb };
        st->GdtrBase = 0;
        st->GdtrLimit = 0xffff;
        st->IdtrBase = 0;
        st->IdtrLimit = 0xffff;
        st->Cpl = 0;
        _shadowAt = -1;
        _stepFrom = -1;
        _hasFaultRip = false;
        st->Halted = 0;
        st->WaitForSipi = 0;
        st->NmiBlocked = 0;
        st->ShutDown = 0;
        st->Exit = BlockExit.None;
        UpdateDebug();
        UpdateMode();
        FlushTlb(keepGlobal: false);
    }

    // SDM vol. 3, 8.4: every processor but the bootstrap one waits for a start-up message.
    private byte WaitsAfterInit => Index == 0 ? (byte)0 : (byte)1;

    private static void SetRealSegment(ref SegmentRegister segment, ushort selector)
    {
        segment.Selector = selector;
        segment.Base = (ulong)selector << 4;
        segment.Limit = 0xffff;
        segment.Attributes = SegmentRegister.Present | SegmentRegister.CodeOrData | SegmentRegister.WritableOrReadable | SegmentRegister.Accessed;
        segment.UpdateFastLimits();
    }
}
