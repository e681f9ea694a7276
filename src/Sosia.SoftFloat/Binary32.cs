namespace Sosia.SoftFloat;

/// <summary>IEEE 754 binary32.</summary>
internal readonly struct Binary32 : IBinaryFormat
{
    public static int FractionBits => 23;

    public static int ExponentBits => 8;
}
