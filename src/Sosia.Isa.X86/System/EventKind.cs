namespace Sosia.Isa.X86;

/// <summary>What makes the processor go through its interrupt table.</summary>
public enum EventKind
{
    /// <summary>A fault, trap or abort of the processor.</summary>
    Exception,

    /// <summary>A maskable external interrupt.</summary>
    External,

    /// <summary>A non-maskable interrupt.</summary>
    NonMaskable,

    /// <summary>INT n, INT3, INTO: the gate's DPL is checked.</summary>
    Software,

    /// <summary>INT1: no DPL check, and reported as external to the program.</summary>
    PrivilegedSoftware,
}
