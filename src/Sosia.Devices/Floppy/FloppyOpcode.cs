namespace Sosia.Devices.Floppy;

/// <summary>Commands of the 82077AA (data sheet, table 5-1), without the MT, MFM and SK bits where a command has them.</summary>
internal static class FloppyOpcode
{
    public const byte ReadTrack = 0x02;
    public const byte Specify = 0x03;
    public const byte SenseDriveStatus = 0x04;
    public const byte WriteData = 0x05;
    public const byte ReadData = 0x06;
    public const byte Recalibrate = 0x07;
    public const byte SenseInterruptStatus = 0x08;
    public const byte WriteDeletedData = 0x09;
    public const byte ReadId = 0x0a;
    public const byte ReadDeletedData = 0x0c;
    public const byte FormatTrack = 0x0d;
    public const byte DumpRegisters = 0x0e;
    public const byte Seek = 0x0f;
    public const byte Version = 0x10;
    public const byte ScanEqual = 0x11;
    public const byte PerpendicularMode = 0x12;
    public const byte Configure = 0x13;
    public const byte Lock = 0x14;
    public const byte Verify = 0x16;
    public const byte ScanLowOrEqual = 0x19;
    public const byte ScanHighOrEqual = 0x1d;

    /// <summary>RELATIVE SEEK has bit 7 set, and the direction in bit 6.</summary>
    public const byte RelativeSeek = 0x8f;

    /// <summary>How many bytes a command has with its parameters; 0 for what is no command.</summary>
    public static int ByteCount(byte command) => command switch
    {
        SenseInterruptStatus or DumpRegisters or Version or Lock or (Lock | 0x80) => 1,
        SenseDriveStatus or Recalibrate or PerpendicularMode => 2,
        Specify or Seek or RelativeSeek or (RelativeSeek | 0x40) => 3,
        Configure => 4,
        _ => Operation(command) switch
        {
            ReadId when (command & 0xa0) == 0 => 2,
            FormatTrack when (command & 0xa0) == 0 => 6,
            ReadTrack when (command & 0x80) == 0 => 9,
            WriteData or WriteDeletedData when (command & 0x20) == 0 => 9,
            ReadData or ReadDeletedData or ScanEqual or ScanLowOrEqual or ScanHighOrEqual or Verify => 9,
            _ => 0,
        },
    };

    /// <summary>A command without its MT, MFM and SK bits.</summary>
    public static byte Operation(byte command) => (byte)(command & 0x1f);
}
