namespace Sosia.SoftFloat;

/// <summary>An IEEE 754 interchange format of at most 64 bits with a hidden integer bit.</summary>
internal interface IBinaryFormat
{
    /// <summary>Stored bits of the significand.</summary>
    static abstract int FractionBits { get; }

    /// <summary>Bits of the biased exponent.</summary>
    static abstract int ExponentBits { get; }
}
