namespace Sosia.SoftFloat;

/// <summary>IEEE 754 binary16.</summary>
internal readonly struct Binary16 : IBinaryFormat
{
    public static int FractionBits => 10;

    public static int ExponentBits => 5;
}
