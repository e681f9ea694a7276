namespace Sosia.Jit.X64;

/// <summary>The two-operand integer operations that share one encoding scheme; the value is the digit of the immediate forms.</summary>
/// <remarks>SDM vol. 2, appendix A, opcodes 00 to 3F and group 1.</remarks>
public enum AluOperation : byte
{
    /// <summary>ADD.</summary>
    Add,

    /// <summary>OR.</summary>
    Or,

    /// <summary>ADC: add with CF.</summary>
    Adc,

    /// <summary>SBB: subtract with borrow CF.</summary>
    Sbb,

    /// <summary>AND.</summary>
    And,

    /// <summary>SUB.</summary>
    Sub,

    /// <summary>XOR.</summary>
    Xor,

    /// <summary>CMP: sets the flags of SUB, writes nothing else.</summary>
    Cmp,
}
