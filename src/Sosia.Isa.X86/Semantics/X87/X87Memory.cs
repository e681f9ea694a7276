using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>Loads from and stores to memory: FLD, FILD, FBLD, FST, FSTP, FIST, FISTP, FISTTP, FBSTP (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class X87Memory
{
    private const int WideByteCount = 10;
    private const int WideAlignment = 8;

    /// <summary>FLD m32fp, m64fp; FILD.</summary>
    public static void Load<TFormat>(X86Cpu cpu, Op* op)
        where TFormat : struct, IX87Format
    {
        X86State* st = cpu.State;
        if (!X87Unit.Begin(cpu) || !OperandAccess.Read(st, op, TFormat.ByteCount, out ulong bits))
        {
            return;
        }

        X87Unit.Record(st, op);
        if (!X87Unit.CanPush(st))
        {
            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        Float80 value = TFormat.Load(bits, ref env);
        X87Unit.Commit(st, env);
        // A denormal is loaded even when its exception is not masked.
        if ((env.Flags & ~env.Masks & FpExceptions.Invalid) == 0)
        {
            X87Unit.Push(st, value);
        }
    }

    /// <summary>FLD m80fp: any bit pattern, unchanged.</summary>
    public static void LoadExtended(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!X87Unit.Begin(cpu) || !ReadWide(cpu, op, out ulong low, out ushort high))
        {
            return;
        }

        X87Unit.Record(st, op);
        if (X87Unit.CanPush(st))
        {
            X87Unit.SetConditions(st, X87Unit.C1, 0);
            X87Unit.Push(st, new Float80(high, low));
        }
    }

    /// <summary>FBLD.</summary>
    public static void LoadDecimal(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!X87Unit.Begin(cpu) || !ReadWide(cpu, op, out ulong low, out ushort high))
        {
            return;
        }

        X87Unit.Record(st, op);
        if (X87Unit.CanPush(st))
        {
            X87Unit.SetConditions(st, X87Unit.C1, 0);
            X87Unit.Push(st, Float80.FromBcd(low, high));
        }
    }

    /// <summary>FST m32fp, m64fp; FIST.</summary>
    public static void Store<TFormat>(X86Cpu cpu, Op* op)
        where TFormat : struct, IX87Format
        => StoreValue<TFormat>(cpu, op, truncates: false);

    /// <summary>FSTP m32fp, m64fp; FISTP.</summary>
    public static void StoreAndPop<TFormat>(X86Cpu cpu, Op* op)
        where TFormat : struct, IX87Format
    {
        if (StoreValue<TFormat>(cpu, op, truncates: false))
        {
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>FISTTP.</summary>
    public static void StoreTruncated<TFormat>(X86Cpu cpu, Op* op)
        where TFormat : struct, IX87Format
    {
        if (StoreValue<TFormat>(cpu, op, truncates: true))
        {
            X87Unit.Pop(cpu.State);
        }
    }

    /// <summary>FSTP m80fp: no exception but that of an empty register.</summary>
    public static void StoreExtended(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        bool isEmpty = X87Unit.IsEmpty(st, 0);
        Float80 value = isEmpty ? Float80.DefaultNan : X87Unit.Get(st, 0);
        bool stores = !isEmpty || (st->Fcw & (int)FpExceptions.Invalid) != 0;
        if (!WriteWide(cpu, op, value.Significand, value.SignExponent, stores))
        {
            return;
        }

        X87Unit.Record(st, op);
        X87Unit.SetConditions(st, X87Unit.C1, 0);
        if (!isEmpty || X87Unit.RaiseStackFault(st, isOverflow: false))
        {
            X87Unit.Pop(st);
        }
    }

    /// <summary>FBSTP.</summary>
    public static void StoreDecimal(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!X87Unit.Begin(cpu))
        {
            return;
        }

        FpEnvironment env = X87Unit.Environment(st);
        bool isEmpty = X87Unit.IsEmpty(st, 0);
        Float80.ToBcd(isEmpty ? Float80.DefaultNan : X87Unit.Get(st, 0), ref env, out ulong low, out ushort high);
        if (!WriteWide(cpu, op, low, high, !env.HasUnmaskedPreComputation))
        {
            return;
        }

        X87Unit.Record(st, op);
        if (isEmpty ? X87Unit.RaiseStackFault(st, isOverflow: false) : X87Unit.Commit(st, env))
        {
            X87Unit.Pop(st);
        }
    }

    /// <summary>Converts and stores ST(0).</summary>
    /// <returns>True when a result was stored: the pop may follow.</returns>
    private static bool StoreValue<TFormat>(X86Cpu cpu, Op* op, bool truncates)
        where TFormat : struct, IX87Format
    {
        X86State* st = cpu.State;
        if (!X87Unit.Begin(cpu))
        {
            return false;
        }

        FpEnvironment env = X87Unit.Environment(st);
        bool isEmpty = X87Unit.IsEmpty(st, 0);
        ulong bits = TFormat.Indefinite;
        bool stores;
        if (isEmpty)
        {
            stores = (st->Fcw & (int)FpExceptions.Invalid) != 0;
        }
        else
        {
            env.Rounding = truncates ? FpRounding.TowardZero : env.Rounding;
            bits = TFormat.Store(X87Unit.Get(st, 0), ref env);
            stores = (env.Flags & ~env.Masks & ~FpExceptions.Precision) == 0;
        }

        // A store that does not take place still checks its operand's place.
        if (!OperandAccess.TryLinear(st, op, TFormat.ByteCount, isWrite: true, out ulong linear)
            || !(stores ? OperandAccess.WriteLinear(st, linear, TFormat.ByteCount, bits) : MemoryAccess.CheckWrite(st, linear, TFormat.ByteCount)))
        {
            return false;
        }

        X87Unit.Record(st, op);
        if (isEmpty)
        {
            return X87Unit.RaiseStackFault(st, isOverflow: false);
        }

        X87Unit.Commit(st, env);
        return stores;
    }

    private static bool ReadWide(X86Cpu cpu, Op* op, out ulong low, out ushort high)
    {
        Span<byte> bytes = stackalloc byte[WideByteCount];
        low = 0;
        high = 0;
        if (!OperandAccess.TryLinear(cpu.State, op, WideByteCount, isWrite: false, out ulong linear)
            || !cpu.PassesAlignmentCheck(linear, WideAlignment)
            || !MemoryAccess.ReadBytes(cpu.State, linear, bytes))
        {
            return false;
        }

        low = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        high = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        return true;
    }

    private static bool WriteWide(X86Cpu cpu, Op* op, ulong low, ushort high, bool stores)
    {
        Span<byte> bytes = stackalloc byte[WideByteCount];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, low);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], high);
        return OperandAccess.TryLinear(cpu.State, op, WideByteCount, isWrite: true, out ulong linear)
            && cpu.PassesAlignmentCheck(linear, WideAlignment)
            && (stores ? MemoryAccess.WriteBytes(cpu.State, linear, bytes) : MemoryAccess.CheckWrite(cpu.State, linear, WideByteCount));
    }
}
