namespace Sosia.Machines.Firmware;

/// <summary>The kinds of devices that firmware starts from, with the letters that <c>--boot</c> has for them.</summary>
public enum BootDeviceKind
{
    /// <summary>A hard disk: c.</summary>
    Disk,

    /// <summary>A CD or DVD drive: d.</summary>
    CdRom,

    /// <summary>A floppy disk drive: a.</summary>
    Floppy,

    /// <summary>A network card: n.</summary>
    Network,
}
