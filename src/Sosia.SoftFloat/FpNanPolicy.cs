namespace Sosia.SoftFloat;

/// <summary>
/// Which NaN an operation delivers. The choice is made on a slow path, so it is data and not a type parameter.
/// A further processor family adds its member here and its rule in the NaN selection of the arithmetic
/// (68881: the destination's NaN, default NaN positive with all fraction bits set; PowerPC: frA, then frB, then frC,
/// default NaN positive).
/// </summary>
public enum FpNanPolicy : byte
{
    /// <summary>
    /// SSE and AVX: the first operand that is a NaN, made quiet (Intel SDM vol. 1, table 4-7). The default NaN is the
    /// "real indefinite": quiet, negative, no other fraction bit set.
    /// </summary>
    Sse = 0,

    /// <summary>
    /// x87: of two quiet or two signalling NaNs the one with the larger significand; of one of each the quiet one (Intel SDM vol. 1,
    /// table 4-7). The default NaN is the real indefinite.
    /// </summary>
    X87 = 1,
}
