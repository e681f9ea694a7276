namespace Sosia.SoftFloat;

/// <summary>
/// Class of an 80-bit value. The values are C3:C2:C0 as FXAM delivers them (Intel SDM vol. 2, FXAM); "empty" (101b)
/// belongs to the register stack, not to the value.
/// </summary>
public enum FpClass : byte
{
    /// <summary>Pseudo-NaN, pseudo-infinity or unnormal: an encoding the 387 and its successors refuse.</summary>
    Unsupported = 0b000,

    /// <summary>A NaN, quiet or signalling.</summary>
    Nan = 0b001,

    /// <summary>A normal finite number.</summary>
    Normal = 0b010,

    /// <summary>An infinity.</summary>
    Infinity = 0b011,

    /// <summary>A zero.</summary>
    Zero = 0b100,

    /// <summary>A denormal or pseudo-denormal number.</summary>
    Denormal = 0b110,
}
