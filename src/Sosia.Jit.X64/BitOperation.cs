namespace Sosia.Jit.X64;

/// <summary>The bit tests; the value is the digit of the immediate form.</summary>
/// <remarks>SDM vol. 2, appendix A, group 8.</remarks>
public enum BitOperation : byte
{
    /// <summary>BT: CF = the bit.</summary>
    Bt = 4,

    /// <summary>BTS: and sets it.</summary>
    Bts = 5,

    /// <summary>BTR: and clears it.</summary>
    Btr = 6,

    /// <summary>BTC: and inverts it.</summary>
    Btc = 7,
}
