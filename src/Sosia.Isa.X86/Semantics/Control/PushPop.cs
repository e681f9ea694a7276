using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>PUSH and POP of registers, memory and immediates; LEAVE.</summary>
internal static unsafe class PushPop
{
    /// <summary>PUSH register.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectPushRegister(in DecodedInstruction instruction)
        => instruction.OperandBits == 64 ? &PushRegister64 : instruction.OperandBits == 32 ? &PushRegister32 : &PushRegister16;

    /// <summary>POP register.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectPopRegister(in DecodedInstruction instruction)
        => instruction.OperandBits == 64 ? &PopRegister64 : instruction.OperandBits == 32 ? &PopRegister32 : &PopRegister16;

    /// <summary>PUSH r/m.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectPush(in DecodedInstruction instruction)
        => instruction.IsMemory ? &PushMemory : SelectPushRegister(instruction);

    /// <summary>POP r/m.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectPop(in DecodedInstruction instruction)
        => instruction.IsMemory ? &PopMemory : SelectPopRegister(instruction);

    /// <summary>PUSH immediate.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectPushImmediate(in DecodedInstruction instruction) => &PushImmediate;

    /// <summary>LEAVE.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectLeave(in DecodedInstruction instruction) => &Leave;

    /// <summary>Records PUSH.</summary>
    public static void EmitPush(ref Emitting s)
        => s.Push(s.Instruction.Destination == OperandPlace.Immediate ? s.ReadImmediate() : s.ReadDestination());

    /// <summary>Records POP of a register.</summary>
    public static void EmitPop(ref Emitting s)
    {
        IrValue value = s.Pop();
        if (s.DestinationIsRegister)
        {
            s.WriteDestination(value);
        }
        else
        {
            s.Fail();
        }
    }

    /// <summary>Records LEAVE.</summary>
    public static void EmitLeave(ref Emitting s)
        => s.WriteRegister(5, s.PopFrame());

    private static Op* PushRegister64(X86State* state, Op* op)
        => Next(state, op, Stack.Push(state, 64, *(ulong*)((byte*)state + op->Destination)));

    private static Op* PushRegister32(X86State* state, Op* op)
        => Next(state, op, Stack.Push(state, 32, *(uint*)((byte*)state + op->Destination)));

    private static Op* PushRegister16(X86State* state, Op* op)
        => Next(state, op, Stack.Push(state, 16, *(ushort*)((byte*)state + op->Destination)));

    private static Op* PushImmediate(X86State* state, Op* op) => Next(state, op, Stack.Push(state, Bits(op), op->Immediate));

    private static Op* PushMemory(X86State* state, Op* op)
        => Next(state, op, OperandAccess.Read(state, op, Bits(op) / 8, out ulong value) && Stack.Push(state, Bits(op), value));

    private static Op* PopRegister64(X86State* state, Op* op)
    {
        if (!Stack.Peek(state, 64, 0, out ulong value))
        {
            return null;
        }

        // RSP moves first, so that POP RSP leaves the popped value.
        Stack.Release(state, 8);
        *(ulong*)((byte*)state + op->Destination) = value;
        return Next(state, op, true);
    }

    private static Op* PopRegister32(X86State* state, Op* op)
    {
        if (!Stack.Peek(state, 32, 0, out ulong value))
        {
            return null;
        }

        Stack.Release(state, 4);
        *(ulong*)((byte*)state + op->Destination) = value;
        return Next(state, op, true);
    }

    private static Op* PopRegister16(X86State* state, Op* op)
    {
        if (!Stack.Peek(state, 16, 0, out ulong value))
        {
            return null;
        }

        Stack.Release(state, 2);
        *(ushort*)((byte*)state + op->Destination) = (ushort)value;
        return Next(state, op, true);
    }

    private static Op* PopMemory(X86State* state, Op* op)
    {
        int byteCount = Bits(op) / 8;
        if (!Stack.Peek(state, Bits(op), 0, out ulong value))
        {
            return null;
        }

        // An address that uses RSP sees it already moved (SDM, POP); a fault puts it back.
        ulong before = state->Gpr[4];
        Stack.Release(state, (ulong)byteCount);
        if (!OperandAccess.Write(state, op, byteCount, value))
        {
            state->Gpr[4] = before;
            return null;
        }

        return Next(state, op, true);
    }

    private static Op* Leave(X86State* state, Op* op)
    {
        ulong before = state->Gpr[4];
        Stack.Store(state, state->Gpr[5]);
        if (!Stack.Peek(state, Bits(op), 0, out ulong value))
        {
            state->Gpr[4] = before;
            return null;
        }

        Stack.Release(state, (ulong)(Bits(op) / 8));
        if (Bits(op) == 16)
        {
            *(ushort*)&state->Gpr[5] = (ushort)value;
        }
        else
        {
            state->Gpr[5] = value;
        }

        return Next(state, op, true);
    }

    private static int Bits(Op* op) => 8 << ((int)(op->Flags & OpFlags.SizeMask) >> 3);

    private static Op* Next(X86State* state, Op* op, bool ok) => ok && state->Exit == BlockExit.None ? op + 1 : null;
}
