using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;
using Sosia.Jit;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Near branches, calls and returns (SDM vol. 2: Jcc, JMP, CALL, RET, LOOP, JCXZ). A target outside the code segment or not canonical is #GP(0).</summary>
internal static unsafe class NearBranch
{
    /// <summary>Jcc.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectJcc<TCondition>(in DecodedInstruction instruction)
        where TCondition : struct, ICondition
        => instruction.CodeBits == 64 ? &Jcc64<TCondition> : &JccLegacy<TCondition>;

    /// <summary>JMP rel.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectJump(in DecodedInstruction instruction)
        => instruction.CodeBits == 64 ? &Jump64 : &JumpLegacy;

    /// <summary>CALL rel.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectCall(in DecodedInstruction instruction) => &CallRelative;

    /// <summary>JMP r/m.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectJumpIndirect(in DecodedInstruction instruction) => &JumpIndirect;

    /// <summary>CALL r/m.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectCallIndirect(in DecodedInstruction instruction) => &CallIndirect;

    /// <summary>RET and RET imm16.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectReturn(in DecodedInstruction instruction) => &Return;

    /// <summary>LOOPNE, LOOPE, LOOP, JCXZ: opcodes E0–E3.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectLoop(in DecodedInstruction instruction) => instruction.Opcode switch
    {
        0xe0 => &LoopNotEqual,
        0xe1 => &LoopEqual,
        0xe2 => &Loop,
        _ => &JumpIfCounterZero,
    };

    /// <summary>Records Jcc.</summary>
    public static void EmitJcc<TCondition>(ref Emitting s)
        where TCondition : struct, ICondition
        => s.Branch(s.Holds<TCondition>());

    /// <summary>Records JMP rel.</summary>
    public static void EmitJump(ref Emitting s) => s.Jump();

    /// <summary>Records CALL rel.</summary>
    public static void EmitCall(ref Emitting s)
    {
        s.Push(s.NextRip());
        s.Jump(isCall: true);
    }

    /// <summary>Records JMP r/m.</summary>
    public static void EmitJumpIndirect(ref Emitting s) => s.JumpTo(s.RequireTarget(s.ReadDestination()));

    /// <summary>Records CALL r/m.</summary>
    public static void EmitCallIndirect(ref Emitting s)
    {
        IrValue target = s.RequireTarget(s.ReadDestination());
        s.Push(s.NextRip());
        s.JumpTo(target, IrJumpKind.Call);
    }

    /// <summary>Records RET and RET imm16.</summary>
    public static void EmitReturn(ref Emitting s)
        => s.JumpTo(s.PopTarget((ushort)s.Instruction.Immediate), IrJumpKind.Return);

    private static Op* Jcc64<TCondition>(X86State* state, Op* op)
        where TCondition : struct, ICondition
    {
        var s = new Interpreting<Width64, InRegister, InRegister>(state, op);
        if (TCondition.Holds<Interpreting<Width64, InRegister, InRegister>, ulong>(ref s) != 0)
        {
            ulong target = state->BlockRip + op->Immediate;
            return IsCanonical(target) ? BlockEnd.Direct(state, op, target, taken: true) : GeneralProtection(state);
        }

        return BlockEnd.Direct(state, op, state->BlockRip + op->RipOffset + op->Length, taken: false);
    }

    private static Op* JccLegacy<TCondition>(X86State* state, Op* op)
        where TCondition : struct, ICondition
    {
        var s = new Interpreting<Width64, InRegister, InRegister>(state, op);
        return Branch(state, op, TCondition.Holds<Interpreting<Width64, InRegister, InRegister>, ulong>(ref s) != 0);
    }

    private static Op* Jump64(X86State* state, Op* op)
    {
        ulong target = state->BlockRip + op->Immediate;
        return IsCanonical(target) ? BlockEnd.Direct(state, op, target, taken: true) : GeneralProtection(state);
    }

    private static Op* JumpLegacy(X86State* state, Op* op) => Branch(state, op, condition: true);

    private static Op* CallRelative(X86State* state, Op* op)
    {
        ulong target = Target(state, op, state->BlockRip + op->Immediate);
        return CheckTarget(state, target) && Stack.Push(state, OperandBits(op), Handlers.NextRip(state, op))
            ? After(state, op, target, isDirect: true)
            : null;
    }

    private static Op* JumpIndirect(X86State* state, Op* op)
        => ReadTarget(state, op, out ulong target) && CheckTarget(state, target) ? After(state, op, target, isDirect: false) : null;

    private static Op* CallIndirect(X86State* state, Op* op)
        => ReadTarget(state, op, out ulong target) && CheckTarget(state, target) && Stack.Push(state, OperandBits(op), Handlers.NextRip(state, op))
            ? After(state, op, target, isDirect: false)
            : null;

    private static Op* Return(X86State* state, Op* op)
    {
        if (!Stack.Peek(state, OperandBits(op), 0, out ulong target) || !CheckTarget(state, target))
        {
            return null;
        }

        Stack.Release(state, (ulong)(OperandBits(op) / 8) + (ushort)op->Immediate);
        return After(state, op, target, isDirect: false);
    }

    private static Op* LoopNotEqual(X86State* state, Op* op) => Branch(state, op, Count(state, op) & (state->FlagResult != 0), countsDown: true);

    private static Op* LoopEqual(X86State* state, Op* op) => Branch(state, op, Count(state, op) & (state->FlagResult == 0), countsDown: true);

    private static Op* Loop(X86State* state, Op* op) => Branch(state, op, Count(state, op), countsDown: true);

    private static Op* JumpIfCounterZero(X86State* state, Op* op) => Branch(state, op, Counter(state, op, state->Gpr[1]) == 0);

    // Whether the counter, less one, is not zero; Branch stores it once the target has proved good.
    private static bool Count(X86State* state, Op* op) => Counter(state, op, state->Gpr[1] - 1) != 0;

    private static ulong Counter(X86State* state, Op* op, ulong value)
        => (op->Flags & OpFlags.Address16) != 0 ? (ushort)value : (op->Flags & OpFlags.Address32) != 0 ? (uint)value : value;

    private static void StoreCounter(X86State* state, Op* op)
    {
        ulong value = state->Gpr[1] - 1;
        if ((op->Flags & OpFlags.Address16) != 0)
        {
            *(ushort*)&state->Gpr[1] = (ushort)value;
        }
        else
        {
            state->Gpr[1] = (op->Flags & OpFlags.Address32) != 0 ? (uint)value : value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Op* Branch(X86State* state, Op* op, bool condition, bool countsDown = false)
    {
        ulong next = Handlers.NextRip(state, op);
        ulong target = Target(state, op, state->BlockRip + op->Immediate);
        if (condition && !CheckTarget(state, target))
        {
            return null;
        }

        if (countsDown)
        {
            StoreCounter(state, op);
        }

        return BlockEnd.Direct(state, op, condition ? target : next, taken: condition);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Op* After(X86State* state, Op* op, ulong target, bool isDirect)
    {
        if (state->Exit != BlockExit.None)
        {
            // The stack lies in device space: events are looked at before the next instruction.
            state->Rip = target;
            return null;
        }

        return isDirect ? BlockEnd.Direct(state, op, target, taken: true) : BlockEnd.Indirect(state, op, target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OperandBits(Op* op) => 8 << ((int)(op->Flags & OpFlags.SizeMask) >> 3);

    // A 16-bit operand size cuts the target to 16 bits, whatever the code width.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Target(X86State* state, Op* op, ulong rip)
        => OperandBits(op) == 16 && state->CodeBits != 64 ? (ushort)rip : BlockEnd.Wrap(state, rip);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool ReadTarget(X86State* state, Op* op, out ulong target)
    {
        int bits = OperandBits(op);
        if ((op->Flags & OpFlags.Memory) == 0)
        {
            ulong value = *(ulong*)((byte*)state + op->Destination);
            target = bits == 16 ? (ushort)value : bits == 32 ? (uint)value : value;
            return true;
        }

        return OperandAccess.Read(state, op, bits / 8, out target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool CheckTarget(X86State* state, ulong target)
    {
        if (state->CodeBits == 64 ? IsCanonical(target) : target <= state->Cs.Limit)
        {
            return true;
        }

        GeneralProtection(state);
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsCanonical(ulong address) => (ulong)((long)(address << 16) >> 16) == address;

    private static Op* GeneralProtection(X86State* state)
    {
        X86Cpu.FromState(state).Fault(ExceptionVector.GeneralProtection, 0);
        return null;
    }
}
