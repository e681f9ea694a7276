using System.Runtime.InteropServices;

namespace Sosia.SoftFloat;

/// <summary>
/// An operand or an unrounded result, independent of its format. A finite value is High.Low × 2^(Exponent - 63) with bit 63 of
/// High set, so 1 &lt;= significand &lt; 2; a result's last bit of Low is sticky: it stands for any non-zero remainder below.
/// A NaN has its significand left-justified in High: integer bit, quiet bit 62, payload.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct Value
{
    public const ulong IntegerBit = 1UL << 63;
    public const ulong QuietBit = 1UL << 62;

    public ulong High;
    public ulong Low;
    public int Exponent;
    public bool Negative;
    public ValueKind Kind;

    /// <summary>The operand's encoding was denormal (or pseudo-denormal) and counts as such.</summary>
    public bool Denormal;

    public readonly bool IsNan => Kind >= ValueKind.QuietNan;

    /// <summary>The default NaN. All policies so far are x86's: negative, quiet, no payload.</summary>
    public static Value DefaultNan() => new()
    {
        High = IntegerBit | QuietBit,
        Negative = true,
        Kind = ValueKind.QuietNan,
    };

    public static Value Zero(bool negative) => new() { Kind = ValueKind.Zero, Negative = negative };

    public static Value Infinity(bool negative) => new() { Kind = ValueKind.Infinity, Negative = negative };
}
