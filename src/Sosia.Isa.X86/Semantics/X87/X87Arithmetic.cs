using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>Where an instruction on ST(0), or on ST(0) and another operand, takes its operands and puts its result.</summary>
internal static unsafe class X87Arithmetic
{
    /// <summary>ST(0) op memory, into ST(0).</summary>
    public static void Memory<TOperation, TFormat>(X86Cpu cpu, Op* op)
        where TOperation : struct, IX87Operation
        where TFormat : struct, IX87Format
    {
        X86State* st = cpu.State;
        if (!X87Unit.Begin(cpu) || !OperandAccess.Read(st, op, TFormat.ByteCount, out ulong bits))
        {
            return;
        }

        X87Unit.Record(st, op);
        if (X87Unit.IsEmpty(st, 0))
        {
            if (X87Unit.RaiseStackFault(st, isOverflow: false))
            {
                X87Unit.Set(st, 0, Float80.DefaultNan);
            }

            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        Float80 other = TFormat.Widen(bits, ref env);
        Float80 result = TOperation.Apply(X87Unit.Get(st, 0), other, ref env);
        if (X87Unit.Commit(st, env))
        {
            X87Unit.Set(st, 0, result);
        }
    }

    /// <summary>ST(0) op ST(i), into ST(0).</summary>
    public static void IntoTop<TOperation>(X86Cpu cpu, Op* op)
        where TOperation : struct, IX87Operation
    {
        if (X87Unit.Begin(cpu))
        {
            Registers<TOperation>(cpu.State, op, op->Third, 0);
        }
    }

    /// <summary>ST(0) op ST(i), into ST(i).</summary>
    public static void IntoOther<TOperation>(X86Cpu cpu, Op* op)
        where TOperation : struct, IX87Operation
    {
        if (X87Unit.Begin(cpu))
        {
            Registers<TOperation>(cpu.State, op, op->Third, op->Third);
        }
    }

    /// <summary>ST(0) op ST(i), into ST(i), then a pop.</summary>
    public static void IntoOtherAndPop<TOperation>(X86Cpu cpu, Op* op)
        where TOperation : struct, IX87Operation
    {
        if (X87Unit.Begin(cpu) && Registers<TOperation>(cpu.State, op, op->Third, op->Third))
        {
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>ST(0) op ST(1), into ST(0).</summary>
    public static void WithNext<TOperation>(X86Cpu cpu, Op* op)
        where TOperation : struct, IX87Operation
    {
        if (X87Unit.Begin(cpu))
        {
            Registers<TOperation>(cpu.State, op, 1, 0);
        }
    }

    /// <summary>ST(0) op ST(1), into ST(1), then a pop.</summary>
    public static void IntoNextAndPop<TOperation>(X86Cpu cpu, Op* op)
        where TOperation : struct, IX87Operation
    {
        if (X87Unit.Begin(cpu) && Registers<TOperation>(cpu.State, op, 1, 1))
        {
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>A function of ST(0), into ST(0).</summary>
    public static void Function<TFunction>(X86Cpu cpu, Op* op)
        where TFunction : struct, IX87Function
    {
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        X87Unit.Record(st, op);
        if (X87Unit.IsEmpty(st, 0))
        {
            if (X87Unit.RaiseStackFault(st, isOverflow: false))
            {
                X87Unit.Set(st, 0, Float80.DefaultNan);
            }

            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        Float80 result = TFunction.Apply(X87Unit.Get(st, 0), ref env);
        if (X87Unit.Commit(st, env))
        {
            X87Unit.Set(st, 0, result);
        }
    }

    /// <summary>Computes with two registers.</summary>
    /// <returns>True when there was a result: the pop may follow.</returns>
    private static bool Registers<TOperation>(X86State* st, Op* op, int other, int destination)
        where TOperation : struct, IX87Operation
    {
        X87Unit.Record(st, op);
        Float80 result;
        if (X87Unit.IsEmpty(st, 0) || X87Unit.IsEmpty(st, other))
        {
            if (!X87Unit.RaiseStackFault(st, isOverflow: false))
            {
                return false;
            }

            result = Float80.DefaultNan;
        }
        else
        {
            FpEnvironment env = X87Unit.Environment(st);
            result = TOperation.Apply(X87Unit.Get(st, 0), X87Unit.Get(st, other), ref env);
            if (!X87Unit.Commit(st, env))
            {
                return false;
            }
        }

        X87Unit.Set(st, destination, result);
        return true;
    }
}
