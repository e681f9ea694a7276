namespace Sosia.Devices.Ata;

/// <summary>Why a packet command failed: sense key, additional sense code and its qualifier (SPC-3, 4.5).</summary>
/// <param name="Key">The sense key.</param>
/// <param name="Code">ASC in the upper byte, ASCQ in the lower one.</param>
internal readonly record struct SenseData(byte Key, ushort Code)
{
    public static SenseData None => default;

    public static SenseData NotReadyNoMedium => new(2, 0x3a01);

    public static SenseData NotReadyTrayOpen => new(2, 0x3a02);

    public static SenseData UnrecoveredReadError => new(3, 0x1100);

    public static SenseData InvalidOpcode => new(5, 0x2000);

    public static SenseData AddressOutOfRange => new(5, 0x2100);

    public static SenseData InvalidField => new(5, 0x2400);

    public static SenseData InvalidParameterField => new(5, 0x2600);

    public static SenseData ParameterListLength => new(5, 0x1a00);

    public static SenseData CommandSequence => new(5, 0x2c00);

    public static SenseData SavingNotSupported => new(5, 0x3900);

    public static SenseData RemovalPrevented => new(5, 0x5302);

    public static SenseData IllegalModeForTrack => new(5, 0x6400);

    public static SenseData MediumMayHaveChanged => new(6, 0x2800);

    public static SenseData PowerOnOrReset => new(6, 0x2900);
}
