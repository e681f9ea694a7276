using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>CLI, STI, PUSHF, POPF, CLAC, STAC, HLT (SDM vol. 2). Without VME and PVI the plain IOPL rules hold.</summary>
internal static unsafe class FlagControl
{
    /// <summary>CLI.</summary>
    public static void Cli(X86Cpu cpu, Op* op)
    {
        if (AllowsInterruptFlag(cpu))
        {
            cpu.State->SystemFlags &= ~ControlBits.If;
        }
    }

    /// <summary>STI: interrupts stay off for one more instruction, unless they were on.</summary>
    public static void Sti(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!AllowsInterruptFlag(cpu))
        {
            return;
        }

        if ((st->SystemFlags & ControlBits.If) == 0)
        {
            st->SystemFlags |= ControlBits.If;
            cpu.OpenShadow(hidesDebug: false);
        }
    }

    /// <summary>PUSHF, PUSHFD, PUSHFQ.</summary>
    public static void Pushf(X86Cpu cpu, Op* op)
    {
        if (!AllowsFlagImage(cpu))
        {
            return;
        }

        var stack = new StackFrame(cpu);
        if (stack.Push(OperandForm.ByteCount(op), cpu.Rflags & ~(ControlBits.Vm | ControlBits.Rf)))
        {
            cpu.State->Gpr[4] = stack.Pointer;
        }
    }

    /// <summary>POPF, POPFD, POPFQ.</summary>
    public static void Popf(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        int size = OperandForm.ByteCount(op);
        var stack = new StackFrame(cpu);
        if (!AllowsFlagImage(cpu) || !stack.Pop(size, out ulong value))
        {
            return;
        }

        ulong mask = LazyFlags.All | ControlBits.Tf | ControlBits.Df | ControlBits.Nt;
        mask |= size != 2 ? ControlBits.Ac | ControlBits.Id : 0;
        bool isLevel0 = st->Cpl == 0 && !cpu.IsVirtual8086;
        mask |= isLevel0 ? ControlBits.Iopl : 0;
        mask |= isLevel0 || Iopl(cpu) >= st->Cpl ? ControlBits.If : 0;
        ulong cleared = size != 2 ? ControlBits.Rf | (cpu.IsVirtual8086 ? 0 : ControlBits.Vif | ControlBits.Vip) : ControlBits.Rf;
        cpu.Rflags = (cpu.Rflags & ~(mask | cleared)) | (value & mask);
        st->Gpr[4] = stack.Pointer;
        cpu.UpdatePrivilege();
        cpu.RequestEventCheck();
    }

    /// <summary>CLAC.</summary>
    public static void Clac(X86Cpu cpu, Op* op) => SetAc(cpu, 0);

    /// <summary>STAC.</summary>
    public static void Stac(X86Cpu cpu, Op* op) => SetAc(cpu, ControlBits.Ac);

    /// <summary>HLT.</summary>
    public static void Hlt(X86Cpu cpu, Op* op)
    {
        if (DescriptorTables.RequireLevel0(cpu))
        {
            cpu.State->Halted = 1;
            cpu.State->RetireLimit = 0;
        }
    }

    private static int Iopl(X86Cpu cpu) => (int)(cpu.State->SystemFlags >> 12) & 3;

    private static bool AllowsInterruptFlag(X86Cpu cpu)
    {
        // In real mode CPL is 0, in virtual-8086 mode 3: one rule.
        if (cpu.State->Cpl > Iopl(cpu))
        {
            cpu.FaultProtection();
            return false;
        }

        return true;
    }

    private static bool AllowsFlagImage(X86Cpu cpu)
    {
        if (cpu.IsVirtual8086 && Iopl(cpu) != 3)
        {
            cpu.FaultProtection();
            return false;
        }

        return true;
    }

    private static void SetAc(X86Cpu cpu, ulong ac)
    {
        if (cpu.State->Cpl != 0)
        {
            cpu.FaultUndefined();
            return;
        }

        cpu.State->SystemFlags = (cpu.State->SystemFlags & ~ControlBits.Ac) | ac;
        cpu.UpdatePrivilege();
    }
}
