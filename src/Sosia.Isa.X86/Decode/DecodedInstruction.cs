using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics;

namespace Sosia.Isa.X86.Decode;

/// <summary>An instruction as the decoder found it, before it becomes an <see cref="Op"/>.</summary>
public struct DecodedInstruction
{
    /// <summary>The table row; null when the bytes are no defined instruction.</summary>
    public InstructionRow? Row;

    /// <summary>Width of code: 16, 32 or 64.</summary>
    public int CodeBits;

    /// <summary>The operand size that handlers work with: that of the row's first operand, or the effective size when it has none.</summary>
    public int OperandBits;

    /// <summary>The effective operand size by mode, prefixes and row: 16, 32 or 64.</summary>
    public int EffectiveBits;

    /// <summary>The effective address size: 16, 32 or 64.</summary>
    public int AddressBits;

    /// <summary>The REX byte, or 0; a VEX prefix is translated to one.</summary>
    public byte Rex;

    /// <summary>True when the 66 prefix is present.</summary>
    public bool HasOperandSizePrefix;

    /// <summary>True when the LOCK prefix is present.</summary>
    public bool HasLock;

    /// <summary>True when its read and write of memory are one atomic access: with LOCK, and XCHG always (SDM vol. 3, 9.1.2.1).</summary>
    public readonly bool IsLocked => HasLock || (IsMemory && Row is { } row && (row.Flags & RowFlags.AlwaysLocked) != 0);

    /// <summary>The last F2 or F3 prefix, or 0.</summary>
    public byte RepPrefix;

    /// <summary>The segment override in encoding order, or −1.</summary>
    public int SegmentOverride;

    /// <summary>True when a VEX prefix is present.</summary>
    public bool HasVex;

    /// <summary>VEX.vvvv, uninverted.</summary>
    public byte VexRegister;

    /// <summary>VEX.L.</summary>
    public byte VexLength;

    /// <summary>0 one-byte opcodes, 1 0F, 2 0F38, 3 0F3A; with VEX 4 more.</summary>
    public int Map;

    /// <summary>The opcode byte.</summary>
    public byte Opcode;

    /// <summary>The ModRM byte; meaningful when the row has one.</summary>
    public byte ModRm;

    /// <summary>True when ModRM.rm (or a memory offset) names memory.</summary>
    public bool IsMemory;

    /// <summary>The base register, −1 for none.</summary>
    public int Base;

    /// <summary>The index register, −1 for none.</summary>
    public int Index;

    /// <summary>log2 of the scale.</summary>
    public byte Scale;

    /// <summary>True when the displacement is relative to the next instruction.</summary>
    public bool IsRipRelative;

    /// <summary>The displacement, sign-extended; the whole offset for moffs operands.</summary>
    public long Displacement;

    /// <summary>The segment register of the memory operand, in encoding order.</summary>
    public int Segment;

    /// <summary>The immediate, extended as the operand says; a branch's displacement; a far pointer as offset | selector &lt;&lt; 32.</summary>
    public ulong Immediate;

    /// <summary>A second immediate (ENTER).</summary>
    public byte Immediate2;

    /// <summary>Length in bytes, 1 to 15.</summary>
    public int Length;

    /// <summary>Where operand 0 is.</summary>
    public OperandPlace Destination;

    /// <summary>Where operand 1 is.</summary>
    public OperandPlace Source;

    /// <summary>ModRM.reg with REX.R.</summary>
    public readonly int Reg => ((ModRm >> 3) & 7) | ((Rex & 4) << 1);

    /// <summary>ModRM.rm with REX.B.</summary>
    public readonly int Rm => (ModRm & 7) | ((Rex & 1) << 3);

    /// <summary>The opcode's register field with REX.B.</summary>
    public readonly int OpcodeRegister => (Opcode & 7) | ((Rex & 1) << 3);

    /// <summary>The register number of a register operand.</summary>
    public readonly int RegisterOf(in OperandSpec operand) => operand.Kind switch
    {
        OperandKind.GeneralRm or OperandKind.GeneralRmRegister or OperandKind.VectorRm or OperandKind.VectorRmRegister => Rm,
        OperandKind.MmxRm or OperandKind.MmxRmRegister => ModRm & 7,
        OperandKind.GeneralReg or OperandKind.VectorReg or OperandKind.ControlReg => Reg,
        OperandKind.DebugReg => Reg,
        OperandKind.MmxReg or OperandKind.SegmentReg => (ModRm >> 3) & 7,
        OperandKind.GeneralOpcode => OpcodeRegister,
        OperandKind.GeneralVex or OperandKind.VectorVex => VexRegister,
        OperandKind.VectorImmediate => (int)(Immediate >> 4) & (CodeBits == 64 ? 15 : 7),
        OperandKind.X87Opcode => ModRm & 7,
        _ => operand.Number,
    };
}
