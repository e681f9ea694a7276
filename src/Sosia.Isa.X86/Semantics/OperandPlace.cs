namespace Sosia.Isa.X86.Semantics;

/// <summary>Where an operand is.</summary>
public enum OperandPlace : byte
{
    /// <summary>There is no such operand.</summary>
    None,

    /// <summary>A register.</summary>
    Register,

    /// <summary>Memory.</summary>
    Memory,

    /// <summary>The instruction itself.</summary>
    Immediate,
}
