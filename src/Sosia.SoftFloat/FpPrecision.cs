namespace Sosia.SoftFloat;

/// <summary>
/// Width in bits to which the significand of an 80-bit result is rounded (x87 precision control, 68881 FPCR.PREC).
/// The exponent range stays that of the extended format.
/// </summary>
public enum FpPrecision : byte
{
    /// <summary>24 bits.</summary>
    Single = 24,

    /// <summary>53 bits.</summary>
    Double = 53,

    /// <summary>64 bits, the whole significand.</summary>
    Extended = 64,
}
