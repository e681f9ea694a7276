namespace Sosia.Core.Interrupts;

/// <summary>What a channel of an 8254 interval timer holds (Intel data sheet 231164).</summary>
public struct PitChannelRegisters
{
    /// <summary>The count that was loaded, 1 to 65536; 0 in a channel that nobody has programmed since it was reset, which counts nothing and needs a control word first.</summary>
    public int Count;

    /// <summary>The mode, 0 to 5.</summary>
    public int Mode;

    /// <summary>The access mode of the control word: 1 low byte, 2 high byte, 3 both.</summary>
    public int AccessMode;

    /// <summary>Counts in BCD.</summary>
    public bool IsBcd;

    /// <summary>The gate is open.</summary>
    public bool Gate;

    /// <summary>A latched count that has not been read; null for none.</summary>
    public ushort? LatchedCount;

    /// <summary>A latched status that has not been read; null for none.</summary>
    public byte? LatchedStatus;

    /// <summary>The next read gives the high byte of two.</summary>
    public bool ReadsHighByte;

    /// <summary>The low byte of a count was written and the high byte is to come; null for none.</summary>
    public byte? WrittenLowByte;
}
