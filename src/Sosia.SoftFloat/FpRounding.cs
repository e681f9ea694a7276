namespace Sosia.SoftFloat;

/// <summary>
/// Rounding direction. The values 0 to 3 are the encodings of the x87 control word's RC field and of MXCSR.RC
/// (Intel SDM vol. 1, table 4-8), so both convert without a table.
/// </summary>
public enum FpRounding : byte
{
    /// <summary>To the nearest representable value; a tie goes to the one with an even last bit.</summary>
    NearestEven = 0,

    /// <summary>Toward minus infinity.</summary>
    Down = 1,

    /// <summary>Toward plus infinity.</summary>
    Up = 2,

    /// <summary>Toward zero (truncation).</summary>
    TowardZero = 3,

    /// <summary>To the nearest representable value; a tie goes away from zero (IEEE 754 roundTiesToAway).</summary>
    NearestAway = 4,
}
