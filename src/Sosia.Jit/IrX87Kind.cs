namespace Sosia.Jit;

/// <summary>What the operand and the value of an x87 instruction are.</summary>
public enum IrX87Kind : byte
{
    /// <summary>Registers of the stack alone.</summary>
    Registers,

    /// <summary>A is the host address of a memory operand.</summary>
    Memory,

    /// <summary>A is the new control word, with all exceptions masked.</summary>
    Control,

    /// <summary>A move that takes place when A is not 0: the instruction is the one for "not zero".</summary>
    Condition,

    /// <summary>A comparison into the flags: the value is the flags as LAHF stores them.</summary>
    Flags,

    /// <summary>The value is the status word.</summary>
    Status,
}
