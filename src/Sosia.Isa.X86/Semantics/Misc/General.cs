using System;
using System.Threading;
using Sosia.Core.Execution;
using Sosia.Core.Randomness;
using Sosia.Core.Time;
using Sosia.Host.Linux.Memory;
using Sosia.Host.Linux.Randomness;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>User-level instructions that are not hot: flags, tables, wide compare-and-exchange, random numbers, cache lines.</summary>
internal static unsafe class General
{
    /// <summary>PAUSE: while processors have threads of their own, now and then a hint to the host that the awaited one may need its turn.</summary>
    public static void Pause(X86Cpu cpu, Op* op)
    {
        if (cpu.Memory.Threads.AreRunning)
        {
            cpu.PauseInSpin();
        }
    }

    /// <summary>CLD.</summary>
    public static void Cld(X86Cpu cpu, Op* op) => cpu.State->SystemFlags &= ~ControlBits.Df;

    /// <summary>STD.</summary>
    public static void Std(X86Cpu cpu, Op* op) => cpu.State->SystemFlags |= ControlBits.Df;

    /// <summary>XLAT: AL from the table at rBX.</summary>
    public static void Xlat(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        ulong offset = MemoryAccess.WrapAddress(op, state->Gpr[3] + (byte)state->Gpr[0]);
        if (MemoryAccess.SegmentedOffset(state, op, offset, 1, isWrite: false, out ulong linear)
            && OperandAccess.ReadLinear(state, linear, 1, out ulong value))
        {
            *(byte*)&state->Gpr[0] = (byte)value;
        }
    }

    /// <summary>BOUND: #BR when the signed index is outside the pair of bounds in memory.</summary>
    public static void Bound(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        int bits = 8 << ((int)(op->Flags & OpFlags.SizeMask) >> 3);
        // The upper bound's offset wraps by itself at the address size.
        if (!OperandAccess.TryLinear(state, op, bits / 8, isWrite: false, out ulong lowerLinear)
            || !OperandAccess.ReadLinear(state, lowerLinear, bits / 8, out ulong lower)
            || !MemoryAccess.SegmentedAddress(state, op, (ulong)(bits / 8), bits / 8, isWrite: false, out ulong upperLinear)
            || !OperandAccess.ReadLinear(state, upperLinear, bits / 8, out ulong upper))
        {
            return;
        }

        ulong index = *(ulong*)((byte*)state + op->Destination);
        if (Signed(index, bits) < Signed(lower, bits) || Signed(index, bits) > Signed(upper, bits))
        {
            cpu.Fault(ExceptionVector.BoundRange);
        }
    }

    /// <summary>CMPXCHG8B: EDX:EAX against memory, ECX:EBX in its place; memory is written in either case.</summary>
    public static void CompareExchange8(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        ulong comparand = ((ulong)(uint)state->Gpr[2] << 32) | (uint)state->Gpr[0];
        ulong replacement = ((ulong)(uint)state->Gpr[1] << 32) | (uint)state->Gpr[3];
        if (!OperandAccess.TryLinear(state, op, 8, isWrite: true, out ulong linear) || !cpu.LockedHost(linear, 8, out byte* host))
        {
            return;
        }

        ulong old;
        if (host != null)
        {
            old = Interlocked.CompareExchange(ref *(ulong*)host, replacement, comparand);
            cpu.AfterLockedWrite(linear, 8);
        }
        else
        {
            VcpuThreads threads = cpu.Memory.Threads;
            threads.EnterExclusive();
            try
            {
                if (!MemoryAccess.ReadForUpdateSlow(state, linear, 8, out old)
                    || !MemoryAccess.WriteSlow(state, linear, 8, old == comparand ? replacement : old))
                {
                    return;
                }
            }
            finally
            {
                threads.LeaveExclusive();
            }
        }

        bool isEqual = old == comparand;

        if (!isEqual)
        {
            state->Gpr[0] = (uint)old;
            state->Gpr[2] = old >> 32;
        }

        SetZf(state, isEqual);
    }

    /// <summary>CMPXCHG16B: RDX:RAX against memory, RCX:RBX in its place; #GP(0) unless aligned to 16.</summary>
    public static void CompareExchange16(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        if (!OperandAccess.TryLinear(state, op, 16, isWrite: true, out ulong linear))
        {
            return;
        }

        if ((linear & 15) != 0)
        {
            cpu.Fault(ExceptionVector.GeneralProtection, 0);
            return;
        }

        if (!cpu.LockedHost(linear, 16, out byte* host))
        {
            return;
        }

        bool isEqual;
        ulong low;
        ulong high;
        if (host != null)
        {
            // SAFETY: 16 bytes of guest memory, aligned; the words live on this stack.
            ulong* found = stackalloc ulong[] { state->Gpr[0], state->Gpr[2] };
            ulong* replacement = stackalloc ulong[] { state->Gpr[3], state->Gpr[1] };
            isEqual = WideAtomic.CompareExchange((ulong*)host, found, replacement);
            low = found[0];
            high = found[1];
            cpu.AfterLockedWrite(linear, 16);
        }
        else
        {
            if (!MemoryAccess.ReadForUpdateSlow(state, linear, 8, out low) || !MemoryAccess.ReadForUpdateSlow(state, linear + 8, 8, out high))
            {
                return;
            }

            isEqual = low == state->Gpr[0] && high == state->Gpr[2];
            if (!MemoryAccess.WriteSlow(state, linear, 8, isEqual ? state->Gpr[3] : low)
                || !MemoryAccess.WriteSlow(state, linear + 8, 8, isEqual ? state->Gpr[1] : high))
            {
                return;
            }
        }

        if (!isEqual)
        {
            state->Gpr[0] = low;
            state->Gpr[2] = high;
        }

        SetZf(state, isEqual);
    }

    /// <summary>RDRAND: CF = 1 and the other flags 0, since the generator never runs dry.</summary>
    public static void Rdrand(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        ulong value;
        if (cpu.Clock.Mode == ClockMode.Deterministic)
        {
            value = SplitMix64.Next(ref state->RandomState);
        }
        else
        {
            HostRandom.Fill(new Span<byte>(&value, sizeof(ulong)));
        }

        // SAFETY: the destination is a general register's offset.
        byte* destination = (byte*)state + op->Destination;
        switch (op->Flags & OpFlags.SizeMask)
        {
            case (OpFlags)0x08: *(ushort*)destination = (ushort)value; break;
            case (OpFlags)0x10: *(ulong*)destination = (uint)value; break;
            default: *(ulong*)destination = value; break;
        }

        state->FlagResult = LazyFlags.FromEflags(LazyFlags.Cf, out state->FlagCarries);
    }

    /// <summary>CLFLUSH: no cache to flush, but the address must be readable.</summary>
    public static void Clflush(X86Cpu cpu, Op* op) => OperandAccess.Read(cpu.State, op, 1, out _);

    private static long Signed(ulong value, int bits) => bits == 16 ? (short)value : (int)value;

    private static void SetZf(X86State* state, bool isSet)
    {
        uint flags = LazyFlags.ToEflags(state->FlagResult, state->FlagCarries) & ~LazyFlags.Zf;
        state->FlagResult = LazyFlags.FromEflags(flags | (isSet ? LazyFlags.Zf : 0), out state->FlagCarries);
    }
}
