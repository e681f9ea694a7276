namespace Sosia.Jit.X64;

/// <summary>The shifts and rotates; the value is the digit of the encoding.</summary>
/// <remarks>SDM vol. 2, appendix A, group 2.</remarks>
public enum ShiftOperation : byte
{
    /// <summary>ROL.</summary>
    Rol = 0,

    /// <summary>ROR.</summary>
    Ror = 1,

    /// <summary>RCL.</summary>
    Rcl = 2,

    /// <summary>RCR.</summary>
    Rcr = 3,

    /// <summary>SHL.</summary>
    Shl = 4,

    /// <summary>SHR.</summary>
    Shr = 5,

    /// <summary>SAR.</summary>
    Sar = 7,
}
