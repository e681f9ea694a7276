namespace Sosia.SoftFloat;

/// <summary>IEEE 754 binary64.</summary>
internal readonly struct Binary64 : IBinaryFormat
{
    public static int FractionBits => 52;

    public static int ExponentBits => 11;
}
