namespace Sosia.SoftFloat;

/// <summary>Result of a comparison; exactly one of the four holds for any two operands.</summary>
public enum FpRelation : byte
{
    /// <summary>The first operand is less than the second.</summary>
    Less,

    /// <summary>The operands are equal (+0 and -0 are).</summary>
    Equal,

    /// <summary>The first operand is greater than the second.</summary>
    Greater,

    /// <summary>At least one operand is a NaN or an unsupported encoding.</summary>
    Unordered,
}
