using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>Moves within the register stack and the constants: FLD, FST, FSTP, FXCH, FCMOVcc, FLD1 and its kin (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class X87Registers
{
    /// <summary>FLD ST(i).</summary>
    public static void Fld(X86Cpu cpu, Op* op)
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        X87Unit.SetConditions(st, X87Unit.C1, 0);
        if (X87Unit.IsEmpty(st, op->Third))
        {
            if (X87Unit.RaiseStackFault(st, isOverflow: false))
            {
                X87Unit.Push(st, Float80.DefaultNan);
            }
        }
        else if (X87Unit.CanPush(st))
        {
            X87Unit.Push(st, X87Unit.Get(st, op->Third));
        }
    }

    /// <summary>FST ST(i).</summary>
    public static void Fst(X86Cpu cpu, Op* op)
    {
        if (X87Unit.Begin(cpu))
        {
            Store(cpu.State, op);
        }
    }

    /// <summary>FSTP ST(i).</summary>
    public static void Fstp(X86Cpu cpu, Op* op)
    {
        if (X87Unit.Begin(cpu) && Store(cpu.State, op))
        {
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>FSTPNCE, the undocumented D9 D8+i: as FSTP, but an empty ST(0) is just popped instead of raising a stack fault.</summary>
    public static void Fstpnce(X86Cpu cpu, Op* op)
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        X87Unit.SetConditions(st, X87Unit.C1, 0);
        if (!X87Unit.IsEmpty(st, 0))
        {
            X87Unit.Set(st, op->Third, X87Unit.Get(st, 0));
        }

        X87Unit.Pop(st);
    }

    /// <summary>FXCH: with stack faults masked, an empty register counts as the real indefinite.</summary>
    public static void Fxch(X86Cpu cpu, Op* op)
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        X87Unit.SetConditions(st, X87Unit.C1, 0);
        bool topIsEmpty = X87Unit.IsEmpty(st, 0);
        bool otherIsEmpty = X87Unit.IsEmpty(st, op->Third);
        if ((topIsEmpty || otherIsEmpty) && !X87Unit.RaiseStackFault(st, isOverflow: false))
        {
            return;
        }

        Float80 top = topIsEmpty ? Float80.DefaultNan : X87Unit.Get(st, 0);
        Float80 other = otherIsEmpty ? Float80.DefaultNan : X87Unit.Get(st, op->Third);
        X87Unit.Set(st, 0, other);
        X87Unit.Set(st, op->Third, top);
    }

    /// <summary>FCMOVcc.</summary>
    public static void Fcmov<TCondition>(X86Cpu cpu, Op* op)
        where TCondition : struct, ICondition
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        if (X87Unit.IsEmpty(st, 0) || X87Unit.IsEmpty(st, op->Third))
        {
            if (X87Unit.RaiseStackFault(st, isOverflow: false))
            {
                X87Unit.Set(st, 0, Float80.DefaultNan);
            }

            return;
        }

        var semantics = new Interpreting<Width64, InRegister, InRegister>(st, op);
        if (TCondition.Holds<Interpreting<Width64, InRegister, InRegister>, ulong>(ref semantics) != 0)
        {
            X87Unit.Set(st, 0, X87Unit.Get(st, op->Third));
        }
    }

    /// <summary>FLD1.</summary>
    public static void Fld1(X86Cpu cpu, Op* op) => LoadConstant(cpu, op, Float80Constant.One);

    /// <summary>FLDL2T.</summary>
    public static void Fldl2t(X86Cpu cpu, Op* op) => LoadConstant(cpu, op, Float80Constant.Log2Of10);

    /// <summary>FLDL2E.</summary>
    public static void Fldl2e(X86Cpu cpu, Op* op) => LoadConstant(cpu, op, Float80Constant.Log2OfE);

    /// <summary>FLDPI.</summary>
    public static void Fldpi(X86Cpu cpu, Op* op) => LoadConstant(cpu, op, Float80Constant.Pi);

    /// <summary>FLDLG2.</summary>
    public static void Fldlg2(X86Cpu cpu, Op* op) => LoadConstant(cpu, op, Float80Constant.Log10Of2);

    /// <summary>FLDLN2.</summary>
    public static void Fldln2(X86Cpu cpu, Op* op) => LoadConstant(cpu, op, Float80Constant.LnOf2);

    /// <summary>FLDZ.</summary>
    public static void Fldz(X86Cpu cpu, Op* op) => LoadConstant(cpu, op, Float80Constant.Zero);

    private static bool Store(X86State* st, Op* op)
    {
        X87Unit.Record(st, op);
        X87Unit.SetConditions(st, X87Unit.C1, 0);
        if (!X87Unit.IsEmpty(st, 0))
        {
            X87Unit.Set(st, op->Third, X87Unit.Get(st, 0));
            return true;
        }

        if (!X87Unit.RaiseStackFault(st, isOverflow: false))
        {
            return false;
        }

        X87Unit.Set(st, op->Third, Float80.DefaultNan);
        return true;
    }

    private static void LoadConstant(X86Cpu cpu, Op* op, Float80Constant constant)
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        if (X87Unit.CanPush(st))
        {
            X87Unit.SetConditions(st, X87Unit.C1, 0);
            X87Unit.Push(st, Float80Math.Load(constant, X87Unit.Environment(st).Rounding));
        }
    }
}
