namespace Sosia.Isa.X86.Decode;

/// <summary>Where the encoding names an operand: the capital letters of Intel's opcode maps (SDM vol. 2D, A.2.1) and some of our own.</summary>
public enum OperandKind : byte
{
    /// <summary>None.</summary>
    None,

    /// <summary>E: general register or memory by ModRM.rm.</summary>
    GeneralRm,

    /// <summary>R: general register by ModRM.rm; memory is undefined.</summary>
    GeneralRmRegister,

    /// <summary>M: memory by ModRM.rm; a register is undefined.</summary>
    Memory,

    /// <summary>G: general register by ModRM.reg.</summary>
    GeneralReg,

    /// <summary>Z: general register by the opcode's low three bits.</summary>
    GeneralOpcode,

    /// <summary>B: general register by VEX.vvvv.</summary>
    GeneralVex,

    /// <summary>I: immediate of the operand's own size.</summary>
    Immediate,

    /// <summary>A constant 1 that is not encoded.</summary>
    One,

    /// <summary>J: branch offset relative to the next instruction.</summary>
    Relative,

    /// <summary>A: far pointer in the instruction.</summary>
    FarPointer,

    /// <summary>O: memory at an absolute offset in the instruction.</summary>
    MemoryOffset,

    /// <summary>S: segment register by ModRM.reg.</summary>
    SegmentReg,

    /// <summary>C: control register by ModRM.reg.</summary>
    ControlReg,

    /// <summary>D: debug register by ModRM.reg.</summary>
    DebugReg,

    /// <summary>V: vector register by ModRM.reg.</summary>
    VectorReg,

    /// <summary>W: vector register or memory by ModRM.rm.</summary>
    VectorRm,

    /// <summary>U: vector register by ModRM.rm; memory is undefined.</summary>
    VectorRmRegister,

    /// <summary>H: vector register by VEX.vvvv.</summary>
    VectorVex,

    /// <summary>L: vector register by the immediate's bits 7–4.</summary>
    VectorImmediate,

    /// <summary>P: MMX register by ModRM.reg.</summary>
    MmxReg,

    /// <summary>Q: MMX register or memory by ModRM.rm.</summary>
    MmxRm,

    /// <summary>N: MMX register by ModRM.rm; memory is undefined.</summary>
    MmxRmRegister,

    /// <summary>ST(i) by the opcode's low three bits.</summary>
    X87Opcode,

    /// <summary>A fixed general register (number in <see cref="OperandSpec.Number"/>).</summary>
    FixedGeneral,

    /// <summary>A fixed segment register.</summary>
    FixedSegment,

    /// <summary>A fixed register that the text shows but the meaning implies (XMM0, ST0).</summary>
    FixedOther,
}
