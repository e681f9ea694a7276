namespace Sosia.Jit.X64;

/// <summary>The VEX-encoded integer instructions whose first source is a register or memory and whose second is a register.</summary>
/// <remarks>SDM vol. 2, SARX/SHLX/SHRX, BEXTR, BZHI.</remarks>
public enum BmiShiftOperation : byte
{
    /// <summary>SHLX (BMI2): shifts left; flags unchanged.</summary>
    Shlx,

    /// <summary>SHRX (BMI2): shifts right; flags unchanged.</summary>
    Shrx,

    /// <summary>SARX (BMI2): shifts right with sign; flags unchanged.</summary>
    Sarx,

    /// <summary>BEXTR (BMI1): extracts the bits whose start and length the second source holds.</summary>
    Bextr,

    /// <summary>BZHI (BMI2): clears the bits from the number in the second source up.</summary>
    Bzhi,
}
