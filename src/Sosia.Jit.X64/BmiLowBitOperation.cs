namespace Sosia.Jit.X64;

/// <summary>The VEX-encoded integer instructions on the lowest set bit; the value is the digit of the encoding.</summary>
/// <remarks>SDM vol. 2, BLSR, BLSMSK, BLSI.</remarks>
public enum BmiLowBitOperation : byte
{
    /// <summary>BLSR (BMI1): clears the lowest set bit.</summary>
    Blsr = 1,

    /// <summary>BLSMSK (BMI1): ones up to and including the lowest set bit.</summary>
    Blsmsk = 2,

    /// <summary>BLSI (BMI1): the lowest set bit alone.</summary>
    Blsi = 3,
}
