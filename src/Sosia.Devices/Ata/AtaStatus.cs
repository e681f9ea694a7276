namespace Sosia.Devices.Ata;

/// <summary>Bits of the Status register (ATA/ATAPI-6, 7.15).</summary>
internal static class AtaStatus
{
    /// <summary>ERR (CHK for packet commands): the Error register says why.</summary>
    public const byte Error = 1 << 0;

    /// <summary>DRQ: the device wants to move data.</summary>
    public const byte DataRequest = 1 << 3;

    /// <summary>DSC: seek complete (SERV for packet devices).</summary>
    public const byte SeekComplete = 1 << 4;

    /// <summary>DF: the device has failed.</summary>
    public const byte DeviceFault = 1 << 5;

    /// <summary>DRDY: the device accepts commands.</summary>
    public const byte Ready = 1 << 6;

    /// <summary>BSY: the device owns the registers.</summary>
    public const byte Busy = 1 << 7;
}
