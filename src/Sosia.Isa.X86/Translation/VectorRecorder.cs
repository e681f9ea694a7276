using System;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Jit;

namespace Sosia.Isa.X86.Translation;

/// <summary>
/// Records SSE and AVX instructions for a host that has them itself: the host executes the guest's opcode on operands of our choice. Rows whose operands
/// are MMX registers or implicit, and the approximations, whose bits differ from one processor to the next, are left to the handlers.
/// </summary>
internal static class VectorRecorder
{
    private static readonly bool[] Recordable = Array.ConvertAll(InstructionTable.Rows, IsRecordable);

    /// <summary>Whether an instruction can be recorded.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="hostFeatures">What the host has.</param>
    public static bool CanRecord(in DecodedInstruction instruction, ulong hostFeatures)
    {
        InstructionRow row = instruction.Row!;
        return Recordable[row.Id] && Has(hostFeatures, row.Feature) && (!row.Encoding.IsVex || Has(hostFeatures, CpuFeature.Avx));
    }

    /// <summary>Records the translator's current instruction.</summary>
    public static void Record(BlockTranslator translator)
    {
        IrBlock ir = translator.Ir;
        ref readonly DecodedInstruction instruction = ref translator.Instruction;
        ref readonly Op op = ref translator.Operation;
        InstructionRow row = instruction.Row!;
        bool isVex = row.Encoding.IsVex;
        if (isVex)
        {
            translator.RequireUpper();
        }
        else
        {
            translator.RequireVector();
        }

        if (row.Operands.Length == 0)
        {
            ir.Add(IrOp.ClearUpperHalves, 64, immediate: StateOffset.VectorAt(0), auxiliary: translator.CodeBits == 64 ? 16 : 8);
            return;
        }

        Form form = FormOf(row);
        bool writesRm = form.WritesRm;
        ref readonly OperandSpec rm = ref row.Operands[form.Rm];
        int value = -1;
        int bits = 8 * ByteCountOf(rm, instruction);
        IrVectorPlace place;
        int rmOffset = 0;
        ushort rmRegister = writesRm ? op.Destination : op.Source;
        if (instruction.IsMemory)
        {
            place = IrVectorPlace.Memory;
            int address = translator.MemoryAddress(bits / 8, writesRm);
            if (isVex ? IsAligned(row.Mnemonic) : bits == 128 && !IsUnaligned(row.Mnemonic))
            {
                ir.Add(IrOp.RequireAligned, bits, address, exit: translator.ExitHere());
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

        bool isComparison = (row.Flags & RowFlags.ReadsOnly) != 0;
        ushort regRegister = writesRm ? op.Source : op.Destination;
        bool isGeneral = form.Reg >= 0 && row.Operands[form.Reg].Kind == OperandKind.GeneralReg;
        ir.Vectors.Add(new IrVector(
            PrefixOf(instruction),
            (byte)(instruction.Map & 3),
            instruction.Opcode,
            IsWide(instruction),
            HasImmediate(row.Operands) ? (byte)instruction.Immediate : -1,
            form.Reg < 0 ? IrVectorPlace.Digit : isGeneral ? IrVectorPlace.General : isComparison ? IrVectorPlace.Flags : IrVectorPlace.Vector,
            form.Reg < 0 ? row.Encoding.RegDigit : isGeneral ? 0 : regRegister,
            place,
            rmOffset,
            writesRm)
        {
            // Where VEX.L does not matter it is 0: nothing is known of the others' upper halves.
            Length = !isVex ? 0 : row.Encoding.VexLength == 1 ? 256 : 128,
            ReadsReg = writesRm || isComparison || row.Feature == CpuFeature.Fma,
            ThirdOffset = form.Third < 0 ? -1 : form.Third == 0 ? op.Destination : op.Third,
            WritesThird = form.Third == 0,
            FourthOffset = form.HasFourth ? (int)op.Immediate : -1,
        });
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

    /// <summary>What UCOMISD, FCOMI and their like do: set ZF, PF and CF and clear the rest; the value has them as LAHF stores them.</summary>
    public static void SetFlags(BlockTranslator translator, int stored)
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
        translator.NoteStoredFlags(stored);
    }

    private static bool IsRecordable(InstructionRow row)
    {
        if (!row.Family.StartsWith("sse", StringComparison.Ordinal) && !row.Family.StartsWith("ssse", StringComparison.Ordinal)
            && !row.Family.StartsWith("avx", StringComparison.Ordinal) && row.Family is not ("fma" or "f16c"))
        {
            return false;
        }

        if (row.Mnemonic == "vzeroupper")
        {
            return true;
        }

        string mnemonic = row.Encoding.IsVex ? row.Mnemonic[1..] : row.Mnemonic;
        if (row.Operands.Length < 2 || mnemonic.StartsWith("rcp", StringComparison.Ordinal) || mnemonic.StartsWith("rsqrt", StringComparison.Ordinal)
            || mnemonic.StartsWith("pcmpestr", StringComparison.Ordinal) || mnemonic.StartsWith("pcmpistr", StringComparison.Ordinal)
            || mnemonic.StartsWith("maskmov", StringComparison.Ordinal) || mnemonic.StartsWith("pmaskmov", StringComparison.Ordinal)
            || mnemonic is "crc32" or "popcnt" or "movnti"
            // In which order a dot product adds, and so which of several NaNs it keeps, differs among vendors.
            || (mnemonic == "dpps" && !HostFeatures.IsIntel))
        {
            return false;
        }

        Form form = FormOf(row);
        if (form.Rm < 0 || !form.IsKnown)
        {
            return false;
        }

        OperandKind reg = form.Reg < 0 ? OperandKind.VectorReg : row.Operands[form.Reg].Kind;
        OperandKind rm = row.Operands[form.Rm].Kind;
        bool isVectorReg = reg == OperandKind.VectorReg;
        bool isVectorRm = rm is OperandKind.VectorRm or OperandKind.VectorRmRegister or OperandKind.Memory;
        bool isGeneralRm = IsGeneral(rm);
        return (form.Reg >= 0 || row.Encoding.RegDigit >= 0)
            && ((isVectorReg && (isVectorRm || isGeneralRm)) || (reg == OperandKind.GeneralReg && isVectorRm && !form.WritesRm));
    }

    private static Form FormOf(InstructionRow row)
    {
        var form = new Form { Reg = -1, Rm = -1, Third = -1, IsKnown = true };
        for (int i = 0; i < row.Operands.Length; i++)
        {
            switch (row.Operands[i].Kind)
            {
                case OperandKind.VectorReg or OperandKind.GeneralReg:
                    form.Reg = i;
                    break;
                case OperandKind.VectorVex:
                    form.Third = i;
                    break;
                case OperandKind.VectorImmediate:
                    form.HasFourth = true;
                    break;
                case OperandKind.Immediate:
                    break;
                case var kind when IsRm(kind):
                    form.Rm = i;
                    break;
                default:
                    form.IsKnown = false;
                    break;
            }
        }

        form.WritesRm = form.Rm == 0 && form.Third != 0;
        return form;
    }

    private static bool Has(ulong features, CpuFeature feature) => (features >> (int)feature & 1) != 0;

    private static bool IsRm(OperandKind kind)
        => kind is OperandKind.VectorRm or OperandKind.VectorRmRegister or OperandKind.Memory or OperandKind.GeneralRm or OperandKind.GeneralRmRegister;

    private static bool HasImmediate(OperandSpec[] operands) => operands[^1].Kind == OperandKind.Immediate;

    private static bool IsAligned(string mnemonic)
        => mnemonic is "vmovaps" or "vmovapd" or "vmovdqa" or "vmovntps" or "vmovntpd" or "vmovntdq" or "vmovntdqa";

    private static bool IsUnaligned(string mnemonic) => mnemonic is "movups" or "movupd" or "movdqu" or "lddqu";

    private static int ByteCountOf(in OperandSpec operand, in DecodedInstruction instruction) => operand.Size switch
    {
        'b' => 1,
        'w' => 2,
        'd' => 4,
        'q' => 8,
        'y' => IsWide(instruction) ? 8 : 4,
        'x' => 16 << instruction.VexLength,
        'o' => 16,
        _ => throw new InvalidOperationException($"{instruction.Row} has an operand of unknown size."),
    };

    // Whether REX.W or VEX.W counts: outside 64-bit code general operands have 32 bits all the same.
    private static bool IsWide(in DecodedInstruction instruction)
        => (instruction.Rex & 8) != 0 && (instruction.CodeBits == 64 || !Array.Exists(instruction.Row!.Operands, static o => IsGeneral(o.Kind)));

    private static bool IsGeneral(OperandKind kind) => kind is OperandKind.GeneralReg or OperandKind.GeneralRm or OperandKind.GeneralRmRegister;

    // The mandatory prefix: F3 and F2 win over 66 (SDM vol. 2, 2.1.2).
    private static byte PrefixOf(in DecodedInstruction instruction)
        => instruction.RepPrefix != 0 ? instruction.RepPrefix : instruction.HasOperandSizePrefix ? (byte)0x66 : (byte)0;

    // Which operand is where: indices into the row's operands, −1 for none.
    private struct Form
    {
        public int Reg;
        public int Rm;
        public int Third;
        public bool HasFourth;
        public bool WritesRm;
        public bool IsKnown;
    }
}
