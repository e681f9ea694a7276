namespace Sosia.Devices.Floppy;

/// <summary>Bits of the main status register and of the status bytes of results (82077AA data sheet, 2.1.5 and 6).</summary>
internal static class FloppyStatus
{
    /// <summary>MSR: a command is in progress.</summary>
    public const byte CommandBusy = 1 << 4;

    /// <summary>MSR: data move through the FIFO by the processor.</summary>
    public const byte NonDma = 1 << 5;

    /// <summary>MSR: the next byte goes to the host.</summary>
    public const byte DataToHost = 1 << 6;

    /// <summary>MSR: the FIFO may be accessed.</summary>
    public const byte RequestForMaster = 1 << 7;

    /// <summary>ST0: not ready.</summary>
    public const byte NotReady = 1 << 3;

    /// <summary>ST0: equipment check: track 0 was not found.</summary>
    public const byte EquipmentCheck = 1 << 4;

    /// <summary>ST0: a seek has ended.</summary>
    public const byte SeekEnd = 1 << 5;

    /// <summary>ST0: abnormal termination.</summary>
    public const byte Abnormal = 1 << 6;

    /// <summary>ST0: invalid command.</summary>
    public const byte Invalid = 1 << 7;

    /// <summary>ST0: a drive has become ready or not, as after a reset.</summary>
    public const byte Polled = 0xc0;

    /// <summary>ST1: no address mark.</summary>
    public const byte MissingAddressMark = 1 << 0;

    /// <summary>ST1: write-protected.</summary>
    public const byte NotWritable = 1 << 1;

    /// <summary>ST1: the sector was not found.</summary>
    public const byte NoData = 1 << 2;

    /// <summary>ST1: the host was too slow.</summary>
    public const byte Overrun = 1 << 4;

    /// <summary>ST1: data or address are damaged.</summary>
    public const byte DataError = 1 << 5;

    /// <summary>ST1: the transfer went on beyond the last sector.</summary>
    public const byte EndOfCylinder = 1 << 7;

    /// <summary>ST2: a scan was not satisfied.</summary>
    public const byte ScanNotSatisfied = 1 << 2;

    /// <summary>ST2: a scan found equal data.</summary>
    public const byte ScanHit = 1 << 3;

    /// <summary>ST2: the sectors of the track name another cylinder.</summary>
    public const byte WrongCylinder = 1 << 4;

    /// <summary>ST2: the damage is in the data.</summary>
    public const byte DataErrorInData = 1 << 5;

    /// <summary>ST2: a sector with a deleted data mark, or without one where one was looked for.</summary>
    public const byte ControlMark = 1 << 6;
}
