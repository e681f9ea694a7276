namespace Sosia.Jit.X64;

/// <summary>The condition of Jcc, SETcc and CMOVcc; the value is the hardware's code, and its lowest bit inverts the condition.</summary>
/// <remarks>SDM vol. 1, appendix B.</remarks>
public enum Condition : byte
{
    /// <summary>OF = 1.</summary>
    Overflow,

    /// <summary>OF = 0.</summary>
    NotOverflow,

    /// <summary>CF = 1; unsigned less.</summary>
    Below,

    /// <summary>CF = 0; unsigned greater or equal.</summary>
    AboveOrEqual,

    /// <summary>ZF = 1; equal.</summary>
    Zero,

    /// <summary>ZF = 0; not equal.</summary>
    NotZero,

    /// <summary>CF = 1 or ZF = 1; unsigned less or equal.</summary>
    BelowOrEqual,

    /// <summary>CF = 0 and ZF = 0; unsigned greater.</summary>
    Above,

    /// <summary>SF = 1.</summary>
    Sign,

    /// <summary>SF = 0.</summary>
    NotSign,

    /// <summary>PF = 1.</summary>
    Parity,

    /// <summary>PF = 0.</summary>
    NotParity,

    /// <summary>SF differs from OF; signed less.</summary>
    Less,

    /// <summary>SF equals OF; signed greater or equal.</summary>
    GreaterOrEqual,

    /// <summary>ZF = 1 or SF differs from OF; signed less or equal.</summary>
    LessOrEqual,

    /// <summary>ZF = 0 and SF equals OF; signed greater.</summary>
    Greater,
}
