using Sosia.Core.Interrupts;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Kvm;

/// <summary>Moves a processor's architectural state between our structure and a virtual processor of KVM's, in whole.</summary>
internal sealed unsafe class StateTransfer
{
    // Our number of a general register (the encoding's) by the kernel's place for it.
    private static readonly int[] GeneralOrder = [0, 3, 1, 2, 6, 7, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15];

    private readonly X86Cpu _cpu;
    private readonly KvmVcpu _vcpu;
    private readonly MsrTransfer _msrs;
    private readonly byte[] _xsave = new byte[KvmVcpu.XsaveByteCount];
    private readonly bool _hasXcr0;

    public StateTransfer(X86Cpu cpu, KvmVcpu vcpu, MsrTransfer msrs, bool hasXcr0)
    {
        _cpu = cpu;
        _vcpu = vcpu;
        _msrs = msrs;
        _hasXcr0 = hasXcr0;
    }

    /// <summary>Gives KVM the state.</summary>
    public void Push()
    {
        PushRegs();
        PushSregs();
        if (_hasXcr0)
        {
            _vcpu.SetXcr0(_cpu.State->Xcr0);
        }

        _cpu.ExportExtendedState(_xsave);
        _vcpu.SetXsave(_xsave);
        _msrs.Push();
        PushDebug();
        PushEvents();
    }

    /// <summary>Takes the state from KVM, and delivers what KVM had begun to deliver.</summary>
    /// <returns>False after a triple fault.</returns>
    public bool Pull()
    {
        PullRegs();
        PullSregs();
        if (_hasXcr0)
        {
            _cpu.State->Xcr0 = _vcpu.GetXcr0();
        }

        _vcpu.GetXsave(_xsave);
        _cpu.ImportExtendedState(_xsave);
        _msrs.Pull();
        PullDebug();
        return PullEvents();
    }

    private void PushRegs()
    {
        X86State* st = _cpu.State;
        var regs = new KvmRegs { Rip = st->Rip, Rflags = _cpu.Rflags };
        for (int i = 0; i < 16; i++)
        {
            regs.General[i] = st->Gpr[GeneralOrder[i]];
        }

        _vcpu.SetRegs(regs);
    }

    private void PullRegs()
    {
        X86State* st = _cpu.State;
        _vcpu.GetRegs(out KvmRegs regs);
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[GeneralOrder[i]] = regs.General[i];
        }

        st->Rip = regs.Rip;
        _cpu.Rflags = regs.Rflags;
    }

    private void PushSregs()
    {
        X86State* st = _cpu.State;
        ILocalInterruptController? controller = _cpu.InterruptController;
        var sregs = new KvmSregs
        {
            Cs = ToKvm(st->Cs),
            Ds = ToKvm(st->Ds),
            Es = ToKvm(st->Es),
            Fs = ToKvm(st->Fs),
            Gs = ToKvm(st->Gs),
            Ss = ToKvm(st->Ss),
            Tr = ToKvm(st->Tr),
            Ldtr = ToKvm(st->Ldtr),
            GdtBase = st->GdtrBase,
            GdtLimit = st->GdtrLimit & 0xffff,
            IdtBase = st->IdtrBase,
            IdtLimit = st->IdtrLimit & 0xffff,
            Cr0 = st->Cr0,
            Cr2 = st->Cr2,
            Cr3 = st->Cr3,
            Cr4 = st->Cr4,
            Cr8 = controller?.TaskPriorityClass ?? 0,
            Efer = st->Efer,
            ApicBase = controller?.BaseRegister ?? 0,
        };
        // KVM knows the privilege level by SS alone.
        sregs.Ss.Dpl = (byte)st->Cpl;
        _vcpu.SetSregs(sregs);
    }

    private void PullSregs()
    {
        X86State* st = _cpu.State;
        _vcpu.GetSregs(out KvmSregs sregs);
        FromKvm(sregs.Cs, ref st->Cs);
        FromKvm(sregs.Ds, ref st->Ds);
        FromKvm(sregs.Es, ref st->Es);
        FromKvm(sregs.Fs, ref st->Fs);
        FromKvm(sregs.Gs, ref st->Gs);
        FromKvm(sregs.Ss, ref st->Ss);
        FromKvm(sregs.Tr, ref st->Tr);
        FromKvm(sregs.Ldtr, ref st->Ldtr);
        st->GdtrBase = sregs.GdtBase;
        st->GdtrLimit = (uint)sregs.GdtLimit & 0xffff;
        st->IdtrBase = sregs.IdtBase;
        st->IdtrLimit = (uint)sregs.IdtLimit & 0xffff;
        st->Cr0 = sregs.Cr0;
        st->Cr2 = sregs.Cr2;
        st->Cr3 = sregs.Cr3;
        st->Cr4 = sregs.Cr4;
        st->Efer = sregs.Efer;
        bool isProtected = (st->Cr0 & ControlBits.Cr0Pe) != 0;
        st->Cpl = !isProtected ? 0 : (st->SystemFlags & ControlBits.Vm) != 0 ? 3 : sregs.Ss.Dpl & 3;
    }

    private void PushDebug()
    {
        X86State* st = _cpu.State;
        var debug = new KvmDebugRegs { Dr6 = st->Dr[6], Dr7 = st->Dr[7] };
        for (int i = 0; i < 4; i++)
        {
            debug.Address[i] = st->Dr[i];
        }

        _vcpu.SetDebugRegs(debug);
    }

    private void PullDebug()
    {
        X86State* st = _cpu.State;
        _vcpu.GetDebugRegs(out KvmDebugRegs debug);
        for (int i = 0; i < 4; i++)
        {
            st->Dr[i] = debug.Address[i];
        }

        st->Dr[6] = debug.Dr6 | ControlBits.Dr6Fixed;
        st->Dr[7] = debug.Dr7 | ControlBits.Dr7Fixed;
    }

    private void PushEvents()
    {
        X86State* st = _cpu.State;
        var events = new KvmVcpuEvents
        {
            NmiMasked = st->NmiBlocked,
            InterruptShadow = !_cpu.IsInInterruptShadow ? (byte)0 : _cpu.DoesShadowHideDebug ? KvmVcpuEvents.ShadowMovSs : KvmVcpuEvents.ShadowSti,
            Flags = KvmVcpuEvents.ValidNmiPending | KvmVcpuEvents.ValidShadow,
        };
        if ((st->PendingEvents & (int)PendingEvent.Nmi) != 0)
        {
            _cpu.Withdraw(PendingEvent.Nmi);
            events.NmiPending = 1;
        }

        _vcpu.SetEvents(events);
    }

    private bool PullEvents()
    {
        X86State* st = _cpu.State;
        _vcpu.GetEvents(out KvmVcpuEvents events);
        st->NmiBlocked = events.NmiMasked;
        if (events.NmiPending != 0)
        {
            _cpu.Post(PendingEvent.Nmi);
        }

        _cpu.StateReplaced(events.InterruptShadow != 0, (events.InterruptShadow & KvmVcpuEvents.ShadowMovSs) != 0);
        // A delivery that was interrupted by the exit is not lost: KVM would repeat it, so we do.
        if (events.ExceptionInjected != 0 || events.ExceptionPending != 0)
        {
            return DeliverException(events);
        }

        if (events.NmiInjected != 0)
        {
            return _cpu.DeliverInterrupt(ExceptionVector.Nmi, EventKind.NonMaskable);
        }

        return events.InterruptInjected == 0
            || _cpu.DeliverInterrupt(events.InterruptVector, events.InterruptIsSoft != 0 ? EventKind.Software : EventKind.External);
    }

    private bool DeliverException(in KvmVcpuEvents events)
    {
        X86State* st = _cpu.State;
        if (events.ExceptionHasErrorCode != 0)
        {
            _cpu.Fault(events.ExceptionVector, events.ExceptionErrorCode);
        }
        else
        {
            _cpu.Fault(events.ExceptionVector);
        }

        // What belongs to the exception has been put into CR2 and DR6 by KVM.
        st->FaultAddress = events.ExceptionVector switch
        {
            ExceptionVector.PageFault => st->Cr2,
            ExceptionVector.Debug => 0,
            _ => st->FaultAddress,
        };
        return _cpu.DeliverFault();
    }

    private static KvmSegment ToKvm(in SegmentRegister segment) => new()
    {
        Base = segment.Base,
        Limit = segment.Limit,
        Selector = segment.Selector,
        Type = (byte)(segment.Attributes & SegmentRegister.TypeMask),
        CodeOrData = Bit(segment, SegmentRegister.CodeOrData),
        Dpl = (byte)segment.Dpl,
        Present = Bit(segment, SegmentRegister.Present),
        Available = Bit(segment, SegmentRegister.Available),
        Long = Bit(segment, SegmentRegister.Long),
        Big = Bit(segment, SegmentRegister.Big),
        Granularity = Bit(segment, SegmentRegister.Granularity),
        Unusable = (byte)(segment.IsPresent ? 0 : 1),
    };

    private static void FromKvm(in KvmSegment from, ref SegmentRegister segment)
    {
        segment.Base = from.Base;
        segment.Limit = from.Limit;
        segment.Selector = from.Selector;
        segment.Attributes = (ushort)((from.Type & SegmentRegister.TypeMask)
            | (from.CodeOrData != 0 ? SegmentRegister.CodeOrData : 0)
            | ((from.Dpl & 3) << 5)
            | (from.Present != 0 && from.Unusable == 0 ? SegmentRegister.Present : 0)
            | (from.Available != 0 ? SegmentRegister.Available : 0)
            | (from.Long != 0 ? SegmentRegister.Long : 0)
            | (from.Big != 0 ? SegmentRegister.Big : 0)
            | (from.Granularity != 0 ? SegmentRegister.Granularity : 0));
    }

    private static byte Bit(in SegmentRegister segment, ushort attribute) => (byte)((segment.Attributes & attribute) != 0 ? 1 : 0);
}
