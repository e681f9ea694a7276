using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>Comparisons and classification: FCOM, FUCOM, FICOM, FCOMI, FUCOMI, FTST, FXAM (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class X87Compare
{
    private const int Compared = X87Unit.C0 | X87Unit.C2 | X87Unit.C3;

    /// <summary>FCOM m32fp, m64fp; FICOM.</summary>
    public static void Memory<TFormat>(X86Cpu cpu, Op* op)
        where TFormat : struct, IX87Format
        => CompareMemory<TFormat>(cpu, op);

    /// <summary>FCOMP m32fp, m64fp; FICOMP.</summary>
    public static void MemoryAndPop<TFormat>(X86Cpu cpu, Op* op)
        where TFormat : struct, IX87Format
    {
        if (CompareMemory<TFormat>(cpu, op))
        {
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>FCOM ST(i).</summary>
    public static void Fcom(X86Cpu cpu, Op* op) => CompareStatus(cpu, op, op->Third, quiet: false, pops: 0);

    /// <summary>FCOMP ST(i).</summary>
    public static void Fcomp(X86Cpu cpu, Op* op) => CompareStatus(cpu, op, op->Third, quiet: false, pops: 1);

    /// <summary>FCOMPP.</summary>
    public static void Fcompp(X86Cpu cpu, Op* op) => CompareStatus(cpu, op, 1, quiet: false, pops: 2);

    /// <summary>FUCOM ST(i).</summary>
    public static void Fucom(X86Cpu cpu, Op* op) => CompareStatus(cpu, op, op->Third, quiet: true, pops: 0);

    /// <summary>FUCOMP ST(i).</summary>
    public static void Fucomp(X86Cpu cpu, Op* op) => CompareStatus(cpu, op, op->Third, quiet: true, pops: 1);

    /// <summary>FUCOMPP.</summary>
    public static void Fucompp(X86Cpu cpu, Op* op) => CompareStatus(cpu, op, 1, quiet: true, pops: 2);

    /// <summary>FCOMI.</summary>
    public static void Fcomi(X86Cpu cpu, Op* op) => CompareFlags(cpu, op, quiet: false);

    /// <summary>FCOMIP.</summary>
    public static void Fcomip(X86Cpu cpu, Op* op)
    {
        if (CompareFlags(cpu, op, quiet: false))
        {
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>FUCOMI.</summary>
    public static void Fucomi(X86Cpu cpu, Op* op) => CompareFlags(cpu, op, quiet: true);

    /// <summary>FUCOMIP.</summary>
    public static void Fucomip(X86Cpu cpu, Op* op)
    {
        if (CompareFlags(cpu, op, quiet: true))
        {
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>FTST.</summary>
    public static void Ftst(X86Cpu cpu, Op* op)
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        FpEnvironment env = X87Unit.Environment(st);
        CompareValues(st, X87Unit.IsEmpty(st, 0), Float80.Zero, quiet: false, ref env, out FpRelation relation);
        X87Unit.SetConditions(st, Compared, ConditionsOf(relation));
    }

    /// <summary>FXAM: C1 is the sign, also of an empty register.</summary>
    public static void Fxam(X86Cpu cpu, Op* op)
    {
        const int Empty = 0b101;
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        Float80 value = X87Unit.Get(st, 0);
        int kind = X87Unit.IsEmpty(st, 0) ? Empty : (int)value.Class;
        int conditions = value.IsNegative ? X87Unit.C1 : 0;
        conditions |= (kind & 1) != 0 ? X87Unit.C0 : 0;
        conditions |= (kind & 2) != 0 ? X87Unit.C2 : 0;
        conditions |= (kind & 4) != 0 ? X87Unit.C3 : 0;
        X87Unit.SetConditions(st, X87Unit.Conditions, conditions);
    }

    private static bool CompareMemory<TFormat>(X86Cpu cpu, Op* op)
        where TFormat : struct, IX87Format
    {
        X86State* st = cpu.State;
        if (!X87Unit.Begin(cpu) || !OperandAccess.Read(st, op, TFormat.ByteCount, out ulong bits))
        {
            return false;
        }

        X87Unit.Record(st, op);
        FpEnvironment env = X87Unit.Environment(st);
        Float80 other = TFormat.Widen(bits, ref env);
        bool completes = CompareValues(st, X87Unit.IsEmpty(st, 0), other, quiet: false, ref env, out FpRelation relation);
        X87Unit.SetConditions(st, Compared, ConditionsOf(relation));
        return completes;
    }

    private static void CompareStatus(X86Cpu cpu, Op* op, int other, bool quiet, int pops)
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        FpEnvironment env = X87Unit.Environment(st);
        bool isEmpty = X87Unit.IsEmpty(st, 0) || X87Unit.IsEmpty(st, other);
        bool completes = CompareValues(st, isEmpty, X87Unit.Get(st, other), quiet, ref env, out FpRelation relation);
        X87Unit.SetConditions(st, Compared, ConditionsOf(relation));
        for (int i = 0; completes && i < pops; i++)
        {
            X87Unit.Pop(st);
        }
    }

    /// <summary>Compares ST(0) with ST(i) into ZF, PF and CF; OF, SF and AF become 0.</summary>
    private static bool CompareFlags(X86Cpu cpu, Op* op, bool quiet)
    {
        if (!X87Unit.Begin(cpu))
        {
            return false;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        FpEnvironment env = X87Unit.Environment(st);
        bool isEmpty = X87Unit.IsEmpty(st, 0) || X87Unit.IsEmpty(st, op->Third);
        int direction = st->Fsw & X87Unit.C1;
        bool completes = CompareValues(st, isEmpty, X87Unit.Get(st, op->Third), quiet, ref env, out FpRelation relation);
        if (!isEmpty)
        {
            // Unlike the comparisons into the status word, these leave C1 alone.
            X87Unit.SetConditions(st, X87Unit.C1, direction);
        }

        uint flags = relation switch
        {
            FpRelation.Less => LazyFlags.Cf,
            FpRelation.Equal => LazyFlags.Zf,
            FpRelation.Unordered => LazyFlags.Zf | LazyFlags.Pf | LazyFlags.Cf,
            _ => 0,
        };
        st->FlagResult = LazyFlags.FromEflags(flags, out ulong carries);
        st->FlagCarries = carries;
        return completes;
    }

    /// <summary>Compares ST(0) with a value and enters the exceptions. The relation holds, and processors deliver it, also with an unmasked exception.</summary>
    /// <returns>False when an unmasked exception keeps the instruction from popping.</returns>
    private static bool CompareValues(X86State* st, bool isEmpty, Float80 other, bool quiet, ref FpEnvironment env, out FpRelation relation)
    {
        relation = FpRelation.Unordered;
        if (isEmpty)
        {
            return X87Unit.RaiseStackFault(st, isOverflow: false);
        }

        relation = Float80.Compare(X87Unit.Get(st, 0), other, quiet, ref env);
        return X87Unit.Commit(st, env);
    }

    private static int ConditionsOf(FpRelation relation) => relation switch
    {
        FpRelation.Less => X87Unit.C0,
        FpRelation.Equal => X87Unit.C3,
        FpRelation.Unordered => Compared,
        _ => 0,
    };
}
