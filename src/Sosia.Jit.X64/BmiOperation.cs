namespace Sosia.Jit.X64;

/// <summary>The VEX-encoded integer instructions whose first source is a register and whose second is a register or memory.</summary>
/// <remarks>SDM vol. 2, ANDN, PDEP, PEXT, MULX.</remarks>
public enum BmiOperation : byte
{
    /// <summary>ANDN (BMI1): destination = ~first &amp; second.</summary>
    Andn,

    /// <summary>PDEP (BMI2): deposits the bits of first where second has ones.</summary>
    Pdep,

    /// <summary>PEXT (BMI2): extracts the bits of first where second has ones.</summary>
    Pext,

    /// <summary>MULX (BMI2): destination:first = RDX * second; first is written with the low half; flags unchanged.</summary>
    Mulx,
}
