using System;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.State;
using Sosia.Jit;

namespace Sosia.Isa.X86.Translation;

/// <summary>
/// Records x87 instructions for a host that executes them on the guest's own register stack, with all exceptions masked: stack, tags, condition codes, rounding and precision
/// control are then the processor's. What differs between processors (transcendental functions) and what deals with the whole unit is left to the handlers.
/// </summary>
internal static class X87Recorder
{
    private const ulong AllMasks = 0x3f;

    // With the bit that LAHF always sets: without it, the word would say that there are no flags.
    private const ulong StoredFlags = LazyFlags.Cf | LazyFlags.Pf | LazyFlags.Zf | 2;

    private static readonly Form[] Forms = Array.ConvertAll(InstructionTable.Rows, FormOf);

    private enum Form : byte
    {
        None,
        Registers,
        ReadMemory,
        WriteMemory,
        LoadControl,
        ConditionalMove,
        CompareIntoFlags,
        StatusIntoAx,
        Wait,
    }

    /// <summary>Whether an instruction can be recorded.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="hostFeatures">What the host has.</param>
    public static bool CanRecord(in DecodedInstruction instruction, ulong hostFeatures)
        => Forms[instruction.Row!.Id] != Form.None && (hostFeatures >> (int)CpuFeature.X87 & 1) != 0;

    /// <summary>Records the translator's current instruction.</summary>
    public static void Record(BlockTranslator translator, ref Emitting emitting)
    {
        IrBlock ir = translator.Ir;
        ref readonly DecodedInstruction instruction = ref translator.Instruction;
        ref readonly Op op = ref translator.Operation;
        InstructionRow row = instruction.Row!;
        int effectiveAddress = -1;
        ulong code = ((ulong)instruction.Opcode << 8) | instruction.ModRm;
        translator.RequireX87();
        switch (Forms[row.Id])
        {
            case Form.Registers:
                Add(ir, IrX87Kind.Registers, code);
                break;
            case Form.ReadMemory or Form.WriteMemory:
                bool isWrite = Forms[row.Id] == Form.WriteMemory;
                int bits = BitsOf(row.Operands[0].Size);
                effectiveAddress = translator.EffectiveAddress();
                int host = ir.Add(isWrite ? IrOp.GuestWritable : IrOp.GuestReadable, bits, translator.LinearAddress(op.Segment, effectiveAddress, bits / 8, isWrite), exit: translator.ExitHere());
                Add(ir, IrX87Kind.Memory, code, host);
                break;
            case Form.LoadControl:
                int control = ir.Add(IrOp.GuestLoad, 16, translator.MemoryAddress(2, isWrite: false), exit: translator.ExitHere(), significantBits: 16);
                int unmasked = ir.Binary(IrOp.Xor, ir.Binary(IrOp.And, control, ir.Constant(AllMasks)), ir.Constant(AllMasks));
                ir.Add(IrOp.ExitIf, 64, unmasked, exit: translator.ExitHere());
                Add(ir, IrX87Kind.Control, code, control);
                break;
            case Form.ConditionalMove:
                // Any condition becomes "not zero", which is the one of this opcode.
                const ulong MoveIfNotZero = 0xdbc8;
                Add(ir, IrX87Kind.Condition, MoveIfNotZero | (uint)(instruction.ModRm & 7), ConditionOf(ref emitting, instruction).Index);
                break;
            case Form.CompareIntoFlags:
                // SF and AF are cleared, too, whatever processors make of them.
                VectorRecorder.SetFlags(translator, ir.Binary(IrOp.And, Add(ir, IrX87Kind.Flags, code), ir.Constant(StoredFlags)));
                break;
            case Form.StatusIntoAx:
                translator.WriteRegister(StateOffset.Gpr, 16, Add(ir, IrX87Kind.Status, code));
                return;
            default:
                // WAIT: nothing is pending.
                return;
        }

        if (IsNoted(row))
        {
            ir.Add(IrOp.X87Instruction, 64, immediate: op.RipOffset | (op.Immediate << 16));
            if (effectiveAddress >= 0)
            {
                ir.Add(IrOp.X87Operand, 64, effectiveAddress, immediate: translator.OperandSelector());
            }
        }
    }

    /// <summary>Leaves out what notes an instruction or operand that is overwritten by the next note before anybody can see it.</summary>
    public static void LeaveOutUnseen(IrBlock ir)
    {
        bool isInstructionOverwritten = false;
        bool isOperandOverwritten = false;
        for (int i = ir.Count - 1; i >= 0; i--)
        {
            ref IrInstruction instruction = ref ir[i];
            switch (instruction.Op)
            {
                case IrOp.X87Instruction:
                    instruction.Op = isInstructionOverwritten ? IrOp.Nop : IrOp.X87Instruction;
                    isInstructionOverwritten = true;
                    break;
                case IrOp.X87Operand:
                    instruction.Op = isOperandOverwritten ? IrOp.Nop : IrOp.X87Operand;
                    isOperandOverwritten = true;
                    break;
                case IrOp.Jump or IrOp.JumpIndirect or IrOp.Branch or IrOp.LoopExit or IrOp.End:
                case var _ when instruction.Exit >= 0:
                    isInstructionOverwritten = isOperandOverwritten = false;
                    break;
                default:
                    break;
            }
        }
    }

    private static int Add(IrBlock ir, IrX87Kind kind, ulong code, int operand = -1)
        => ir.Add(IrOp.X87, 64, operand, immediate: code, auxiliary: (int)kind, significantBits: kind == IrX87Kind.Flags ? 8 : kind == IrX87Kind.Status ? 16 : 64);

    private static IrValue ConditionOf(ref Emitting emitting, in DecodedInstruction instruction)
    {
        bool isNegated = (instruction.Opcode & 1) != 0;
        return (instruction.ModRm >> 3 & 3) switch
        {
            0 => isNegated ? emitting.Holds<AboveOrEqual>() : emitting.Holds<Below>(),
            1 => isNegated ? emitting.Holds<NotZero>() : emitting.Holds<Zero>(),
            2 => isNegated ? emitting.Holds<Above>() : emitting.Holds<BelowOrEqual>(),
            _ => isNegated ? emitting.Holds<NotParity>() : emitting.Holds<Parity>(),
        };
    }

    // Control instructions leave the pointers to the last instruction and operand alone.
    private static bool IsNoted(InstructionRow row) => row.Mnemonic is not ("fnstcw" or "fldcw" or "fnstsw" or "fnclex");

    private static Form FormOf(InstructionRow row)
    {
        if (row.Family != "x87")
        {
            return Form.None;
        }

        switch (row.Mnemonic)
        {
            case "wait":
                return Form.Wait;
            case "fldcw":
                return Form.LoadControl;
            case "fprem" or "fprem1":
                // How far a partial remainder gets is the processor's choice.
                return HostFeatures.IsIntel ? Form.Registers : Form.None;
            case "fsin" or "fcos" or "fsincos" or "fptan" or "fpatan" or "f2xm1" or "fyl2x" or "fyl2xp1" or "fxtract":
            case "fbld" or "fbstp" or "fnstenv" or "fldenv" or "fnsave" or "frstor" or "fninit" or "fneni" or "fndisi" or "fnsetpm" or "fstpnce":
                return Form.None;
            default:
                break;
        }

        if (row.Operands.Length != 0 && row.Operands[0].Kind == OperandKind.Memory)
        {
            return row.Mnemonic is "fst" or "fstp" or "fist" or "fistp" or "fisttp" or "fnstcw" or "fnstsw" ? Form.WriteMemory : Form.ReadMemory;
        }

        return row.Mnemonic.StartsWith("fcmov", StringComparison.Ordinal) ? Form.ConditionalMove
            : row.Mnemonic is "fcomi" or "fcomip" or "fucomi" or "fucomip" ? Form.CompareIntoFlags
            : row.Mnemonic == "fnstsw" ? Form.StatusIntoAx
            : Form.Registers;
    }

    private static int BitsOf(char size) => size switch
    {
        'w' => 16,
        'd' => 32,
        'q' => 64,
        't' => 80,
        _ => throw new ArgumentOutOfRangeException(nameof(size), size, "not the size of an x87 operand"),
    };
}
