using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Decode;

/// <summary>Turns a decoded instruction into the pre-decoded operation that handlers execute.</summary>
public static unsafe class Lowering
{
    /// <summary>Fills an operation.</summary>
    /// <param name="instruction">What the decoder found.</param>
    /// <param name="op">Where to put it.</param>
    /// <param name="ripOffset">Where the instruction begins, relative to the block's RIP.</param>
    /// <param name="indexInBlock">Its position in the block.</param>
    /// <returns>True when the instruction is the last of its block.</returns>
    public static bool Lower(in DecodedInstruction instruction, Op* op, int ripOffset, int indexInBlock)
    {
        *op = default;
        op->RipOffset = (ushort)ripOffset;
        op->IndexInBlock = (byte)indexInBlock;
        op->Length = (byte)instruction.Length;
        op->Base = StateOffset.Zero;
        op->Index = StateOffset.Zero;
        op->Segment = StateOffset.Zero;
        if (instruction.Row is not { } row)
        {
            op->Handler = &Handlers.RaiseInvalidOpcode;
            return true;
        }

        op->Row = row.Id;
        op->Immediate = instruction.Immediate;
        op->Flags = FlagsOf(instruction);
        LowerRegisters(instruction, op, row);
        if (instruction.IsMemory)
        {
            LowerMemory(instruction, op, row);
        }
        else if (row.Operands.Length == 0 || instruction.Row.Operands[0].Kind != OperandKind.Relative)
        {
            // String instructions and XLAT read their segment from here.
            op->Segment = StateOffset.SegmentAt(instruction.SegmentOverride >= 0 ? instruction.SegmentOverride : 3);
        }

        if (row.Operands.Length > 0 && row.Operands[0].Kind == OperandKind.Relative)
        {
            // A branch's target, relative to the block.
            op->Immediate = instruction.Immediate + (ulong)(ripOffset + instruction.Length);
        }

        if (instruction.Immediate2 != 0)
        {
            op->Immediate |= (ulong)instruction.Immediate2 << 32;
        }

        if (row.Encoding.Map == 0 && instruction.Opcode is >= 0xd8 and <= 0xdf)
        {
            // x87 instructions have no immediate: their opcode's eleven bits, for FOP, travel in it.
            op->Immediate = ((instruction.Opcode & 7u) << 8) | instruction.ModRm;
        }

        bool endsBlock = (row.Flags & RowFlags.EndsBlock) != 0;
        op->Handler = row.Binding.Select != null
            ? row.Binding.Select(instruction)
            : endsBlock ? &Handlers.RunLastHelper : &Handlers.RunHelper;
        return endsBlock;
    }

    private static OpFlags FlagsOf(in DecodedInstruction instruction)
    {
        int bits = instruction.OperandBits;
        OpFlags flags = (OpFlags)((bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3) << 3);
        flags |= instruction.CodeBits != 64 || instruction.AddressBits != 64 ? OpFlags.SlowAddress : OpFlags.None;
        flags |= instruction.AddressBits == 16 ? OpFlags.Address16 : instruction.AddressBits == 32 ? OpFlags.Address32 : OpFlags.None;
        flags |= instruction.RepPrefix == 0xf3 ? OpFlags.Rep : instruction.RepPrefix == 0xf2 ? OpFlags.Repne : OpFlags.None;
        flags |= instruction.IsMemory ? OpFlags.Memory : OpFlags.None;
        return flags;
    }

    private static void LowerRegisters(in DecodedInstruction instruction, Op* op, InstructionRow row)
    {
        bool hasRex = instruction.Rex != 0;
        for (int i = 0; i < row.Operands.Length; i++)
        {
            ref readonly OperandSpec operand = ref row.Operands[i];
            int number = instruction.RegisterOf(operand);
            ushort offset;
            switch (operand.Kind)
            {
                case OperandKind.GeneralRm or OperandKind.VectorRm or OperandKind.MmxRm when instruction.IsMemory:
                    continue;
                case OperandKind.GeneralRm or OperandKind.GeneralRmRegister or OperandKind.GeneralReg or OperandKind.GeneralOpcode or OperandKind.FixedGeneral:
                    offset = operand.Size == 'b' && operand.Kind != OperandKind.FixedGeneral
                        ? StateOffset.Gpr8At(number, hasRex)
                        : StateOffset.GprAt(number);
                    break;
                case OperandKind.SegmentReg or OperandKind.FixedSegment:
                    // Register numbers 6 and 7 do not exist: the helper raises #UD by the plain number.
                    offset = StateOffset.SegmentAt(number > 5 ? 0 : number);
                    op->Third = (ushort)number;
                    break;
                case OperandKind.ControlReg or OperandKind.DebugReg or OperandKind.X87Opcode:
                    op->Third = (ushort)number;
                    continue;
                case OperandKind.VectorVex when i != 0:
                    op->Third = StateOffset.VectorAt(number);
                    continue;
                case OperandKind.VectorImmediate:
                    // The immediate is nothing else than this register.
                    op->Immediate = StateOffset.VectorAt(number);
                    continue;
                case OperandKind.VectorReg or OperandKind.VectorRm or OperandKind.VectorRmRegister or OperandKind.VectorVex:
                    offset = StateOffset.VectorAt(number);
                    break;
                case OperandKind.MmxReg or OperandKind.MmxRm or OperandKind.MmxRmRegister:
                    offset = StateOffset.MmxAt(number);
                    break;
                case OperandKind.GeneralVex:
                    offset = StateOffset.GprAt(number);
                    if (i == 0)
                    {
                        op->Destination = offset;
                    }
                    else
                    {
                        op->Third = offset;
                    }

                    continue;
                default:
                    continue;
            }

            if (i == 0)
            {
                op->Destination = offset;
            }
            else if (i == 2 && operand.Kind == OperandKind.FixedGeneral)
            {
                // The CL of SHLD and SHRD.
                op->Third = offset;
            }
            else
            {
                op->Source = offset;
            }
        }
    }

    private static void LowerMemory(in DecodedInstruction instruction, Op* op, InstructionRow row)
    {
        op->Displacement = (int)instruction.Displacement;
        op->Scale = instruction.Scale;
        if (instruction.Base >= 0)
        {
            op->Base = StateOffset.GprAt(instruction.Base);
        }
        else if (instruction.IsRipRelative)
        {
            op->Base = StateOffset.BlockRip;
            op->Displacement += op->RipOffset + op->Length;
        }

        if (instruction.Index >= 0)
        {
            op->Index = (row.Flags & RowFlags.VectorIndex) != 0 ? StateOffset.VectorAt(instruction.Index) : StateOffset.GprAt(instruction.Index);
        }

        bool isFlat = instruction.CodeBits == 64 && instruction.Segment < 4;
        op->Segment = !isFlat ? StateOffset.SegmentAt(instruction.Segment)
            : instruction.Segment == 2 ? StateOffset.StackZero : StateOffset.Zero;
        if (row.Operands[0].Kind == OperandKind.MemoryOffset || (row.Operands.Length > 1 && row.Operands[1].Kind == OperandKind.MemoryOffset))
        {
            // A 64-bit offset does not fit the displacement: it travels in the immediate, for handlers of its own.
            op->Immediate = (ulong)instruction.Displacement;
        }
    }
}
