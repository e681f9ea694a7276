namespace Sosia.Devices.Floppy;

/// <summary>The kinds of floppy drive, as byte 0x10 of the CMOS memory codes them.</summary>
public enum FloppyDriveType : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>5¼ inches, 1.2 MB; reads and writes disks of 160 to 360 KB too.</summary>
    FiveInchHighDensity = 2,

    /// <summary>3½ inches, 1.44 MB; reads and writes disks of 720 KB too.</summary>
    ThreeInchHighDensity = 4,

    /// <summary>3½ inches, 2.88 MB; reads and writes all 3½ inch disks.</summary>
    ThreeInchExtraDensity = 5,
}
