namespace Sosia.Jit.X64;

/// <summary>The mandatory prefix of a vector instruction; the value is the prefix byte.</summary>
/// <remarks>SDM vol. 2, 2.1.2 and 2.3.5 (VEX.pp).</remarks>
public enum VectorPrefix : byte
{
    /// <summary>No prefix.</summary>
    None = 0,

    /// <summary>66.</summary>
    P66 = 0x66,

    /// <summary>F3.</summary>
    PF3 = 0xF3,

    /// <summary>F2.</summary>
    PF2 = 0xF2,
}
