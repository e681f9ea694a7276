using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>SYSCALL, SYSRET, SYSENTER, SYSEXIT, SWAPGS (SDM vol. 2; Intel behaviour).</summary>
internal static unsafe class SystemCalls
{
    private const ushort FlatCode = SegmentRegister.Present | SegmentRegister.CodeOrData | SegmentRegister.Code
        | SegmentRegister.WritableOrReadable | SegmentRegister.Accessed | SegmentRegister.Granularity;

    private const ushort FlatData = SegmentRegister.Present | SegmentRegister.CodeOrData
        | SegmentRegister.WritableOrReadable | SegmentRegister.Accessed | SegmentRegister.Granularity | SegmentRegister.Big;

    /// <summary>SYSCALL: #UD outside 64-bit mode, as on Intel processors.</summary>
    public static void Syscall(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (st->CodeBits != 64 || (st->Efer & ControlBits.EferSce) == 0)
        {
            cpu.FaultUndefined();
            return;
        }

        ulong flags = cpu.Rflags & ~ControlBits.Rf;
        st->Gpr[1] = st->Rip;
        st->Gpr[11] = flags;
        st->Rip = st->Lstar;
        cpu.Rflags = (flags & ~st->Fmask) | 2;
        ushort selector = (ushort)((st->Star >> 32) & 0xfffc);
        SetFlat(cpu, selector, (ushort)(selector + 8), 0, SegmentRegister.Long);
        cpu.CancelStepUnlessSet();
    }

    /// <summary>SYSRET.</summary>
    public static void Sysret(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (st->CodeBits != 64 || (st->Efer & ControlBits.EferSce) == 0)
        {
            cpu.FaultUndefined();
            return;
        }

        bool is64 = OperandForm.ByteCount(op) == 8;
        if (st->Cpl != 0 || (is64 && !cpu.IsCanonical(st->Gpr[1])))
        {
            cpu.FaultProtection();
            return;
        }

        ulong rip = is64 ? st->Gpr[1] : (uint)st->Gpr[1];
        ushort selector = (ushort)(st->Star >> 48);
        st->Rip = rip;
        // RF and VM stay clear (SDM: R11 AND 3C7FD7H).
        cpu.Rflags = (st->Gpr[11] & 0x3c_7fd7) | 2;
        SetFlat(cpu, (ushort)((is64 ? selector + 16 : selector) | 3), (ushort)((selector + 8) | 3), 3, is64 ? SegmentRegister.Long : SegmentRegister.Big);
        cpu.StepIfSet();
        cpu.RequestEventCheck();
    }

    /// <summary>SYSENTER.</summary>
    public static void Sysenter(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if ((st->Cr0 & ControlBits.Cr0Pe) == 0 || (st->SysenterCs & 0xfffc) == 0)
        {
            cpu.FaultProtection();
            return;
        }

        bool isLong = cpu.IsLongMode;
        st->SystemFlags &= ~(ControlBits.Vm | ControlBits.If | ControlBits.Rf);
        st->Gpr[4] = isLong ? st->SysenterEsp : (uint)st->SysenterEsp;
        st->Rip = isLong ? st->SysenterEip : (uint)st->SysenterEip;
        ushort selector = (ushort)(st->SysenterCs & 0xfffc);
        SetFlat(cpu, selector, (ushort)(selector + 8), 0, isLong ? SegmentRegister.Long : SegmentRegister.Big);
    }

    /// <summary>SYSEXIT.</summary>
    public static void Sysexit(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        bool is64 = OperandForm.ByteCount(op) == 8;
        if ((st->Cr0 & ControlBits.Cr0Pe) == 0 || st->Cpl != 0 || (st->SysenterCs & 0xfffc) == 0
            || (is64 && (!cpu.IsCanonical(st->Gpr[1]) || !cpu.IsCanonical(st->Gpr[2]))))
        {
            cpu.FaultProtection();
            return;
        }

        ushort selector = (ushort)((st->SysenterCs + (is64 ? 32u : 16u)) | 3);
        st->Gpr[4] = is64 ? st->Gpr[1] : (uint)st->Gpr[1];
        st->Rip = is64 ? st->Gpr[2] : (uint)st->Gpr[2];
        SetFlat(cpu, selector, (ushort)(selector + 8), 3, is64 ? SegmentRegister.Long : SegmentRegister.Big);
        cpu.RequestEventCheck();
    }

    /// <summary>SWAPGS.</summary>
    public static void Swapgs(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (st->Cpl != 0)
        {
            cpu.FaultProtection();
            return;
        }

        (st->Gs.Base, st->KernelGsBase) = (st->KernelGsBase, st->Gs.Base);
    }

    /// <summary>RDFSBASE.</summary>
    public static void Rdfsbase(X86Cpu cpu, Op* op) => ReadBase(cpu, op, cpu.State->Fs.Base);

    /// <summary>RDGSBASE.</summary>
    public static void Rdgsbase(X86Cpu cpu, Op* op) => ReadBase(cpu, op, cpu.State->Gs.Base);

    /// <summary>WRFSBASE.</summary>
    public static void Wrfsbase(X86Cpu cpu, Op* op)
    {
        if (CheckBase(cpu, op, out ulong value))
        {
            cpu.State->Fs.Base = value;
        }
    }

    /// <summary>WRGSBASE.</summary>
    public static void Wrgsbase(X86Cpu cpu, Op* op)
    {
        if (CheckBase(cpu, op, out ulong value))
        {
            cpu.State->Gs.Base = value;
        }
    }

    private static void ReadBase(X86Cpu cpu, Op* op, ulong value)
    {
        if ((cpu.State->Cr4 & ControlBits.Cr4Fsgsbase) == 0)
        {
            cpu.FaultUndefined();
            return;
        }

        OperandForm.SetRegister(cpu.State, op->Destination, OperandForm.ByteCount(op), value);
    }

    private static bool CheckBase(X86Cpu cpu, Op* op, out ulong value)
    {
        value = OperandForm.Register(cpu.State, op->Destination, OperandForm.ByteCount(op));
        if ((cpu.State->Cr4 & ControlBits.Cr4Fsgsbase) == 0)
        {
            cpu.FaultUndefined();
            return false;
        }

        if (!cpu.IsCanonical(value))
        {
            cpu.FaultProtection();
            return false;
        }

        return true;
    }

    // These instructions load fixed flat segments without looking at the descriptor tables.
    private static void SetFlat(X86Cpu cpu, ushort codeSelector, ushort stackSelector, int cpl, ushort width)
    {
        X86State* st = cpu.State;
        ushort dpl = (ushort)(cpl << 5);
        st->Cs = new SegmentRegister { Selector = codeSelector, Limit = uint.MaxValue, Attributes = (ushort)(FlatCode | width | dpl) };
        st->Ss = new SegmentRegister { Selector = stackSelector, Limit = uint.MaxValue, Attributes = (ushort)(FlatData | dpl) };
        st->Cs.UpdateFastLimits();
        st->Ss.UpdateFastLimits();
        st->Cpl = cpl;
        cpu.UpdateMode();
    }
}
