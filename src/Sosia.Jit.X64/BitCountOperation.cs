namespace Sosia.Jit.X64;

/// <summary>The instructions that count or find bits.</summary>
/// <remarks>SDM vol. 2, BSF, BSR, TZCNT, LZCNT, POPCNT.</remarks>
public enum BitCountOperation : byte
{
    /// <summary>BSF: lowest set bit; the destination is undefined when there is none.</summary>
    Bsf,

    /// <summary>BSR: highest set bit; the destination is undefined when there is none.</summary>
    Bsr,

    /// <summary>TZCNT (BMI1): trailing zero bits.</summary>
    Tzcnt,

    /// <summary>LZCNT: leading zero bits.</summary>
    Lzcnt,

    /// <summary>POPCNT: set bits.</summary>
    Popcnt,
}
