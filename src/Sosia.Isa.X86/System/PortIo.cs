using System;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>IN, OUT, INS, OUTS (SDM vol. 2; vol. 1, 18.5 for the permission map).</summary>
internal static unsafe class PortIo
{
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;
    private const int Rsi = 6;
    private const int Rdi = 7;

    /// <summary>IN AL, imm8.</summary>
    public static void InByteImmediate(X86Cpu cpu, Op* op) => In(cpu, (byte)op->Immediate, 1);

    /// <summary>IN AX/EAX, imm8.</summary>
    public static void InImmediate(X86Cpu cpu, Op* op) => In(cpu, (byte)op->Immediate, WideByteCount(op));

    /// <summary>IN AL, DX.</summary>
    public static void InByte(X86Cpu cpu, Op* op) => In(cpu, (ushort)cpu.State->Gpr[Rdx], 1);

    /// <summary>IN AX/EAX, DX.</summary>
    public static void In(X86Cpu cpu, Op* op) => In(cpu, (ushort)cpu.State->Gpr[Rdx], WideByteCount(op));

    /// <summary>OUT imm8, AL.</summary>
    public static void OutByteImmediate(X86Cpu cpu, Op* op) => Out(cpu, (byte)op->Immediate, 1);

    /// <summary>OUT imm8, AX/EAX.</summary>
    public static void OutImmediate(X86Cpu cpu, Op* op) => Out(cpu, (byte)op->Immediate, WideByteCount(op));

    /// <summary>OUT DX, AL.</summary>
    public static void OutByte(X86Cpu cpu, Op* op) => Out(cpu, (ushort)cpu.State->Gpr[Rdx], 1);

    /// <summary>OUT DX, AX/EAX.</summary>
    public static void Out(X86Cpu cpu, Op* op) => Out(cpu, (ushort)cpu.State->Gpr[Rdx], WideByteCount(op));

    /// <summary>INSB.</summary>
    public static void InsByte(X86Cpu cpu, Op* op) => Repeat(cpu, op, 1, isInput: true);

    /// <summary>INSW, INSD.</summary>
    public static void Ins(X86Cpu cpu, Op* op) => Repeat(cpu, op, WideByteCount(op), isInput: true);

    /// <summary>OUTSB.</summary>
    public static void OutsByte(X86Cpu cpu, Op* op) => Repeat(cpu, op, 1, isInput: false);

    /// <summary>OUTSW, OUTSD.</summary>
    public static void Outs(X86Cpu cpu, Op* op) => Repeat(cpu, op, WideByteCount(op), isInput: false);

    private static int WideByteCount(Op* op) => Math.Min(OperandForm.ByteCount(op), 4);

    private static void In(X86Cpu cpu, ushort port, int byteCount)
    {
        if (CheckPort(cpu, port, byteCount))
        {
            OperandForm.SetRegister(cpu.State, StateOffset.GprAt(Rax), byteCount, cpu.Ports.Read(port, byteCount));
            Finish(cpu, port, byteCount);
        }
    }

    private static void Out(X86Cpu cpu, ushort port, int byteCount)
    {
        if (CheckPort(cpu, port, byteCount))
        {
            cpu.Ports.Write(port, byteCount, (uint)OperandForm.Register(cpu.State, StateOffset.GprAt(Rax), byteCount));
            Finish(cpu, port, byteCount);
        }
    }

    // A device access may have raised an interrupt: it is looked at after the instruction.
    private static void Finish(X86Cpu cpu, ushort port, int byteCount)
    {
        cpu.PortAccesses++;
        cpu.WatchPort(port, byteCount);
        cpu.StopAfterInstruction();
    }

    private static void Repeat(X86Cpu cpu, Op* op, int byteCount, bool isInput)
    {
        X86State* st = cpu.State;
        ushort port = (ushort)st->Gpr[Rdx];
        bool repeats = (op->Flags & (OpFlags.Rep | OpFlags.Repne)) != 0;
        int addressBytes = (op->Flags & OpFlags.Address16) != 0 ? 2 : (op->Flags & OpFlags.Address32) != 0 ? 4 : 8;
        if (repeats && OperandForm.Register(st, StateOffset.GprAt(Rcx), addressBytes) == 0)
        {
            return;
        }

        if (!CheckPort(cpu, port, byteCount))
        {
            return;
        }

        while (true)
        {
            if (!(isInput ? Input(cpu, port, byteCount, addressBytes) : Output(cpu, op, port, byteCount, addressBytes)))
            {
                return;
            }

            cpu.PortAccesses++;
            cpu.WatchPort(port, byteCount);
            if (!repeats)
            {
                break;
            }

            ulong count = OperandForm.Register(st, StateOffset.GprAt(Rcx), addressBytes) - 1;
            OperandForm.SetRegister(st, StateOffset.GprAt(Rcx), addressBytes, count);
            if (OperandForm.Cut(count, addressBytes) == 0)
            {
                break;
            }

            if (st->PendingEvents != 0 || cpu.IsStepping)
            {
                // Interruptible between iterations: the instruction has not retired and goes on after the event.
                st->Exit = BlockExit.BeforeInstruction;
                return;
            }
        }

        cpu.StopAfterInstruction();
    }

    private static bool Input(X86Cpu cpu, ushort port, int byteCount, int addressBytes)
    {
        X86State* st = cpu.State;
        ulong offset = OperandForm.Register(st, StateOffset.GprAt(Rdi), addressBytes);
        // The destination must be writable before the device is asked: its answer must not be lost.
        if (!MemoryAccess.SegmentOffset(st, ref st->Es, isStack: false, offset, byteCount, isWrite: true, out ulong linear)
            || !MemoryAccess.CheckWrite(st, linear, byteCount))
        {
            return false;
        }

        if (!MemoryAccess.WriteSlow(st, linear, byteCount, cpu.Ports.Read(port, byteCount)))
        {
            return false;
        }

        Advance(st, Rdi, byteCount, addressBytes);
        return true;
    }

    private static bool Output(X86Cpu cpu, Op* op, ushort port, int byteCount, int addressBytes)
    {
        X86State* st = cpu.State;
        ulong offset = OperandForm.Register(st, StateOffset.GprAt(Rsi), addressBytes);
        if (!MemoryAccess.SegmentedOffset(st, op, offset, byteCount, isWrite: false, out ulong linear)
            || !MemoryAccess.ReadSlow(st, linear, byteCount, out ulong value))
        {
            return false;
        }

        cpu.Ports.Write(port, byteCount, (uint)value);
        Advance(st, Rsi, byteCount, addressBytes);
        return true;
    }

    private static void Advance(X86State* st, int register, int byteCount, int addressBytes)
    {
        ulong step = (st->SystemFlags & ControlBits.Df) != 0 ? 0UL - (ulong)byteCount : (ulong)byteCount;
        ushort at = StateOffset.GprAt(register);
        OperandForm.SetRegister(st, at, addressBytes, OperandForm.Register(st, at, addressBytes) + step);
    }

    private static bool CheckPort(X86Cpu cpu, ushort port, int byteCount)
    {
        X86State* st = cpu.State;
        bool needsMap = (st->Cr0 & ControlBits.Cr0Pe) != 0
            && (cpu.IsVirtual8086 || st->Cpl > ((int)(st->SystemFlags >> 12) & 3));
        return !needsMap || CheckPermissionMap(cpu, port, byteCount);
    }

    private static bool CheckPermissionMap(X86Cpu cpu, ushort port, int byteCount)
    {
        X86State* st = cpu.State;
        bool isTss32 = st->Tr.IsPresent && (st->Tr.Attributes & SegmentRegister.TypeMask) is Descriptor.AvailableTss32 or Descriptor.BusyTss32;
        if (!isTss32 || st->Tr.Limit < 103)
        {
            cpu.FaultProtection();
            return false;
        }

        if (!MemoryAccess.ReadSystem(st, st->Tr.Base + 102, 2, out ulong mapBase))
        {
            return false;
        }

        // The processor always reads two bytes, which is why the map ends with a byte of ones.
        ulong at = mapBase + ((ulong)port >> 3);
        if (at + 1 > st->Tr.Limit)
        {
            cpu.FaultProtection();
            return false;
        }

        if (!MemoryAccess.ReadSystem(st, st->Tr.Base + at, 2, out ulong bits))
        {
            return false;
        }

        if (((bits >> (port & 7)) & ((1UL << byteCount) - 1)) != 0)
        {
            cpu.FaultProtection();
            return false;
        }

        return true;
    }
}
