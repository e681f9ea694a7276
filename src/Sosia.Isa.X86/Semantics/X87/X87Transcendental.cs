using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>Instructions with condition codes or two results of their own: FPREM, FPREM1, FXTRACT, FSIN, FCOS, FSINCOS, FPTAN (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class X87Transcendental
{
    /// <summary>FPREM.</summary>
    public static void Fprem(X86Cpu cpu, Op* op) => Remainder(cpu, op, nearest: false);

    /// <summary>FPREM1.</summary>
    public static void Fprem1(X86Cpu cpu, Op* op) => Remainder(cpu, op, nearest: true);

    /// <summary>FXTRACT.</summary>
    public static void Fxtract(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!BeginTwoResults(cpu, op, 0))
        {
            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        Float80.Extract(X87Unit.Get(st, 0), ref env, out Float80 exponent, out Float80 significand);
        if (X87Unit.Commit(st, env))
        {
            X87Unit.Set(st, 0, exponent);
            X87Unit.Push(st, significand);
        }
    }

    /// <summary>FSIN.</summary>
    public static void Fsin(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!BeginOneResult(cpu, op))
        {
            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        if (InRange(st, Float80Math.TrySine(X87Unit.Get(st, 0), ref env, out Float80 sine)) && X87Unit.Commit(st, env))
        {
            X87Unit.Set(st, 0, sine);
        }
    }

    /// <summary>FCOS.</summary>
    public static void Fcos(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!BeginOneResult(cpu, op))
        {
            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        if (InRange(st, Float80Math.TryCosine(X87Unit.Get(st, 0), ref env, out Float80 cosine)) && X87Unit.Commit(st, env))
        {
            X87Unit.Set(st, 0, cosine);
        }
    }

    /// <summary>FSINCOS: the sine replaces ST(0), the cosine is pushed.</summary>
    public static void Fsincos(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!BeginTwoResults(cpu, op, X87Unit.C2))
        {
            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        if (InRange(st, Float80Math.TrySineCosine(X87Unit.Get(st, 0), ref env, out Float80 sine, out Float80 cosine)) && X87Unit.Commit(st, env))
        {
            X87Unit.Set(st, 0, sine);
            X87Unit.Push(st, cosine);
        }
    }

    /// <summary>FPTAN: the tangent replaces ST(0) and 1 is pushed; a NaN is pushed again.</summary>
    public static void Fptan(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!BeginTwoResults(cpu, op, X87Unit.C2))
        {
            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        if (InRange(st, Float80Math.TryTangent(X87Unit.Get(st, 0), ref env, out Float80 tangent)) && X87Unit.Commit(st, env))
        {
            X87Unit.Set(st, 0, tangent);
            X87Unit.Push(st, tangent.IsNan ? tangent : Float80.One);
        }
    }

    private static void Remainder(X86Cpu cpu, Op* op, bool nearest)
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        X87Unit.SetConditions(st, X87Unit.C2, 0);
        if (X87Unit.IsEmpty(st, 0) || X87Unit.IsEmpty(st, 1))
        {
            RespondToUnderflow(st);
            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        Float80 dividend = X87Unit.Get(st, 0);
        Float80 divisor = X87Unit.Get(st, 1);
        Float80 rest = nearest
            ? Float80.PartialRemainderIeee(dividend, divisor, ref env, out int quotient, out bool incomplete)
            : Float80.PartialRemainder(dividend, divisor, ref env, out quotient, out incomplete);
        if (!X87Unit.Commit(st, env))
        {
            return;
        }

        X87Unit.Set(st, 0, rest);
        if (rest.IsNan)
        {
            // There is no quotient: C0 and C3 stay.
            return;
        }

        int conditions = incomplete ? X87Unit.C2 : 0;
        conditions |= (quotient & 4) != 0 ? X87Unit.C0 : 0;
        conditions |= (quotient & 2) != 0 ? X87Unit.C3 : 0;
        conditions |= (quotient & 1) != 0 ? X87Unit.C1 : 0;
        X87Unit.SetConditions(st, X87Unit.Conditions, conditions);
    }

    private static bool BeginOneResult(X86Cpu cpu, Op* op)
    {
        if (!X87Unit.Begin(cpu))
        {
            return false;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        X87Unit.SetConditions(st, X87Unit.C2, 0);
        if (X87Unit.IsEmpty(st, 0))
        {
            RespondToUnderflow(st);
            return false;
        }

        return true;
    }

    /// <summary>Checks that ST(0) is there and a register can be pushed; a masked stack fault gives the real indefinite for both results.</summary>
    private static bool BeginTwoResults(X86Cpu cpu, Op* op, int clearedConditions)
    {
        if (!X87Unit.Begin(cpu))
        {
            return false;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        X87Unit.SetConditions(st, clearedConditions, 0);
        bool isEmpty = X87Unit.IsEmpty(st, 0);
        if (!isEmpty && X87Unit.IsEmpty(st, 7))
        {
            return true;
        }

        if (X87Unit.RaiseStackFault(st, isOverflow: !isEmpty))
        {
            X87Unit.Set(st, 0, Float80.DefaultNan);
            X87Unit.Push(st, Float80.DefaultNan);
        }

        return false;
    }

    private static void RespondToUnderflow(X86State* st)
    {
        if (X87Unit.RaiseStackFault(st, isOverflow: false))
        {
            X87Unit.Set(st, 0, Float80.DefaultNan);
        }
    }

    /// <summary>C2 says that the argument was out of range and nothing was done.</summary>
    private static bool InRange(X86State* st, bool isInRange)
    {
        X87Unit.SetConditions(st, X87Unit.C1 | X87Unit.C2, isInRange ? 0 : X87Unit.C2);
        return isInRange;
    }
}
