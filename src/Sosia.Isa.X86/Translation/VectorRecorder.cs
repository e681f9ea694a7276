using System;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Jit;

namespace Sosia.Isa.X86.Translation;

/// <summary>
/// Records SSE instructions for a host that has them itself: the host executes the guest's opcode on operands of our choice. Rows whose operands
/// are MMX registers or implicit, and the approximations, whose bits differ from one processor to the next, are left to the handlers.
/// </summary>
internal static class VectorRecorder
{
    private static readonly bool[] Recordable = Array.ConvertAll(InstructionTable.Rows, IsRecordable);

    /// <summary>Whether an instruction can be recorded.</summary>
    public static bool CanRecord(in DecodedInstruction instruction) => Recordable[instruction.Row!.Id];

    /// <summary>Records the translator's current instruction.</summary>
    public static void Record(BlockTranslator translator)
    {
        IrBlock ir = translator.Ir;
        ref readonly DecodedInstruction instruction = ref translator.Instruction;
        ref readonly Op op = ref translator.Operation;
        OperandSpec[] operands = instruction.Row!.Operands;
        bool writesRm = IsRm(operands[0].Kind);
        ref readonly OperandSpec reg = ref operands[writesRm ? 1 : 0];
        ref readonly OperandSpec rm = ref operands[writesRm ? 0 : 1];
        translator.RequireVector();

        int value = -1;
        int bits = 8 * ByteCountOf(rm, instruction);
        IrVectorPlace place;
        int rmOffset = 0;
        ushort rmRegister = writesRm ? op.Destination : op.Source;
        if (instruction.IsMemory)
        {
            place = IrVectorPlace.Memory;
            int address = translator.MemoryAddress();
            if (bits == 128 && !IsUnaligned(instruction.Row.Mnemonic))
            {
                ir.Add(IrOp.RequireAligned, 128, address, exit: translator.ExitHere());
            }

            value = ir.Add(writesRm ? IrOp.GuestWritable : IrOp.GuestReadable, bits, address, exit: translator.ExitHere());
        }
        else if (rm.Kind is OperandKind.VectorRm or OperandKind.VectorRmRegister)
        {
            place = IrVectorPlace.Vector;
            rmOffset = rmRegister;
        }
        else
        {
            place = IrVectorPlace.General;
            value = writesRm ? -1 : translator.ReadRegister(rmRegister, Math.Max(bits, 32));
        }

        bool isComparison = (instruction.Row.Flags & RowFlags.ReadsOnly) != 0;
        ushort regRegister = writesRm ? op.Source : op.Destination;
        bool isGeneral = reg.Kind == OperandKind.GeneralReg;
        ir.Vectors.Add(new IrVector(
            PrefixOf(instruction),
            (byte)instruction.Map,
            instruction.Opcode,
            (instruction.Rex & 8) != 0,
            HasImmediate(operands) ? (byte)instruction.Immediate : -1,
            isGeneral ? IrVectorPlace.General : isComparison ? IrVectorPlace.Flags : IrVectorPlace.Vector,
            isGeneral ? 0 : regRegister,
            place,
            rmOffset,
            writesRm));
        int result = ir.Add(IrOp.Vector, 64, value, immediate: (ulong)(ir.Vectors.Count - 1));
        if (isComparison)
        {
            SetFlags(translator, result);
        }
        else if (isGeneral)
        {
            translator.WriteRegister(regRegister, 64, result);
        }
        else if (writesRm && place == IrVectorPlace.General)
        {
            translator.WriteRegister(rmRegister, 64, result);
        }
    }

    // UCOMISD and its like set ZF, PF and CF and clear the rest; the value has them as LAHF stores them.
    private static void SetFlags(BlockTranslator translator, int stored)
    {
        IrBlock ir = translator.Ir;
        int one = ir.Constant(1);
        int cf = ir.Binary(IrOp.And, stored, one);
        int pf = ir.Binary(IrOp.And, ir.Binary(IrOp.ShiftRight, stored, ir.Constant(2)), one);
        int zf = ir.Binary(IrOp.And, ir.Binary(IrOp.ShiftRight, stored, ir.Constant(6)), one);
        // The result word 100h is neither zero nor negative, and its low byte has even parity (see LazyFlags).
        translator.FlagResult = ir.Binary(IrOp.ShiftLeft, ir.Binary(IrOp.Xor, zf, one), ir.Constant(8));
        translator.FlagCarries = ir.Binary(
            IrOp.Or,
            ir.Binary(IrOp.ShiftLeft, ir.Binary(IrOp.Multiply, cf, ir.Constant(3)), ir.Constant(62)),
            ir.Binary(IrOp.Xor, pf, one));
    }

    private static bool IsRecordable(InstructionRow row)
    {
        if (!row.Family.StartsWith("sse", StringComparison.Ordinal) && !row.Family.StartsWith("ssse", StringComparison.Ordinal))
        {
            return false;
        }

        if (row.Operands.Length is < 2 or > 3 || row.Mnemonic.StartsWith("rcp", StringComparison.Ordinal) || row.Mnemonic.StartsWith("rsqrt", StringComparison.Ordinal)
            || row.Mnemonic.StartsWith("pcmpestr", StringComparison.Ordinal) || row.Mnemonic.StartsWith("pcmpistr", StringComparison.Ordinal)
            || row.Mnemonic.StartsWith("maskmov", StringComparison.Ordinal) || row.Mnemonic is "ptest" or "crc32" or "popcnt" or "movnti")
        {
            return false;
        }

        if (row.Operands.Length == 3 && row.Operands[2].Kind != OperandKind.Immediate)
        {
            return false;
        }

        bool writesRm = IsRm(row.Operands[0].Kind);
        OperandKind reg = row.Operands[writesRm ? 1 : 0].Kind;
        OperandKind rm = row.Operands[writesRm ? 0 : 1].Kind;
        bool isVectorReg = reg == OperandKind.VectorReg;
        bool isVectorRm = rm is OperandKind.VectorRm or OperandKind.VectorRmRegister or OperandKind.Memory;
        bool isGeneralRm = rm is OperandKind.GeneralRm or OperandKind.GeneralRmRegister;
        return (isVectorReg && (isVectorRm || isGeneralRm)) || (reg == OperandKind.GeneralReg && isVectorRm && !writesRm);
    }

    private static bool IsRm(OperandKind kind)
        => kind is OperandKind.VectorRm or OperandKind.VectorRmRegister or OperandKind.Memory or OperandKind.GeneralRm or OperandKind.GeneralRmRegister;

    private static bool HasImmediate(OperandSpec[] operands) => operands[^1].Kind == OperandKind.Immediate;

    private static bool IsUnaligned(string mnemonic) => mnemonic is "movups" or "movupd" or "movdqu" or "lddqu";

    private static int ByteCountOf(in OperandSpec operand, in DecodedInstruction instruction) => operand.Size switch
    {
        'b' => 1,
        'w' => 2,
        'd' => 4,
        'q' => 8,
        'y' => (instruction.Rex & 8) != 0 ? 8 : 4,
        'x' => 16,
        _ => throw new InvalidOperationException($"{instruction.Row} has an operand of unknown size."),
    };

    // The mandatory prefix: F3 and F2 win over 66 (SDM vol. 2, 2.1.2).
    private static byte PrefixOf(in DecodedInstruction instruction)
        => instruction.RepPrefix != 0 ? instruction.RepPrefix : instruction.HasOperandSizePrefix ? (byte)0x66 : (byte)0;
}
