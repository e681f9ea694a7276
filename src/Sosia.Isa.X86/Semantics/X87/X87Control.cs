using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>x87 control instructions but those on whole environments (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class X87Control
{
    private const ushort InitialControl = 0x037f;

    /// <summary>FNINIT: the registers keep their contents but are empty.</summary>
    public static void Fninit(X86Cpu cpu, Op* op)
    {
        if (X87Unit.BeginNoWait(cpu))
        {
            Initialize(cpu.State);
        }
    }

    /// <summary>FNCLEX.</summary>
    public static void Fnclex(X86Cpu cpu, Op* op)
    {
        if (X87Unit.BeginNoWait(cpu))
        {
            cpu.State->Fsw &= 0x7f00;
        }
    }

    /// <summary>FNSTCW.</summary>
    public static void Fnstcw(X86Cpu cpu, Op* op)
    {
        if (X87Unit.BeginNoWait(cpu))
        {
            OperandAccess.Write(cpu.State, op, 2, cpu.State->Fcw);
        }
    }

    /// <summary>FLDCW.</summary>
    public static void Fldcw(X86Cpu cpu, Op* op)
    {
        if (X87Unit.Begin(cpu) && OperandAccess.Read(cpu.State, op, 2, out ulong value))
        {
            X87Unit.SetControl(cpu.State, (int)value);
        }
    }

    /// <summary>FNSTSW m16.</summary>
    public static void Fnstsw(X86Cpu cpu, Op* op)
    {
        if (X87Unit.BeginNoWait(cpu))
        {
            OperandAccess.Write(cpu.State, op, 2, cpu.State->Fsw);
        }
    }

    /// <summary>FNSTSW AX.</summary>
    public static void FnstswAx(X86Cpu cpu, Op* op)
    {
        if (X87Unit.BeginNoWait(cpu))
        {
            *(ushort*)cpu.State->Gpr = cpu.State->Fsw;
        }
    }

    /// <summary>WAIT: #NM only when CR0.MP and CR0.TS are both set.</summary>
    public static void Wait(X86Cpu cpu, Op* op)
    {
        const ulong Both = ControlBits.Cr0Mp | ControlBits.Cr0Ts;
        if ((cpu.State->Cr0 & Both) == Both)
        {
            cpu.Fault(ExceptionVector.DeviceNotAvailable);
            return;
        }

        X87Unit.CheckPending(cpu);
    }

    /// <summary>FNOP.</summary>
    public static void Fnop(X86Cpu cpu, Op* op)
    {
        if (X87Unit.Begin(cpu))
        {
            X87Unit.Record(cpu.State, op);
        }
    }

    /// <summary>FNENI, FNDISI and FNSETPM: instructions of the 8087 and 80287 that do nothing since the 80387 (SDM vol. 3, 22.18.9).</summary>
    public static void Obsolete(X86Cpu cpu, Op* op) => X87Unit.BeginNoWait(cpu);

    /// <summary>FINCSTP.</summary>
    public static void Fincstp(X86Cpu cpu, Op* op) => RotateStack(cpu, op, 1);

    /// <summary>FDECSTP.</summary>
    public static void Fdecstp(X86Cpu cpu, Op* op) => RotateStack(cpu, op, -1);

    /// <summary>FFREE: processors clear C1, which the manual leaves undefined.</summary>
    public static void Ffree(X86Cpu cpu, Op* op)
    {
        if (X87Unit.Begin(cpu))
        {
            X87Unit.Record(cpu.State, op);
            X87Unit.SetConditions(cpu.State, X87Unit.C1, 0);
            X87Unit.Free(cpu.State, op->Third);
        }
    }

    /// <summary>FFREEP: FFREE, then a pop; not in the manual, but on every processor since the 80287.</summary>
    public static void Ffreep(X86Cpu cpu, Op* op)
    {
        if (X87Unit.Begin(cpu))
        {
            X87Unit.Record(cpu.State, op);
            X87Unit.SetConditions(cpu.State, X87Unit.C1, 0);
            X87Unit.Free(cpu.State, op->Third);
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>What FNINIT and FNSAVE leave.</summary>
    internal static void Initialize(X86State* st)
    {
        st->Fcw = InitialControl;
        st->Fsw = 0;
        st->Ftw = 0;
        st->Fop = 0;
        st->Fip = 0;
        st->Fcs = 0;
        st->Fdp = 0;
        st->Fds = 0;
    }

    private static void RotateStack(X86Cpu cpu, Op* op, int by)
    {
        if (X87Unit.Begin(cpu))
        {
            X87Unit.Record(cpu.State, op);
            X87Unit.MoveTop(cpu.State, by);
            X87Unit.SetConditions(cpu.State, X87Unit.C1, 0);
        }
    }
}
