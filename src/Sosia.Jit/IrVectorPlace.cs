namespace Sosia.Jit;

/// <summary>Where an operand of a vector instruction is.</summary>
public enum IrVectorPlace : byte
{
    /// <summary>A vector register of the guest.</summary>
    Vector,

    /// <summary>A general value: an operand in ModRM.rm, or the result when it is ModRM.reg.</summary>
    General,

    /// <summary>Memory at a host address.</summary>
    Memory,

    /// <summary>None: ModRM.reg is part of the opcode, and its digit stands for the offset.</summary>
    Digit,

    /// <summary>A vector register that is compared; the result is the flags as LAHF stores them.</summary>
    Flags,
}
