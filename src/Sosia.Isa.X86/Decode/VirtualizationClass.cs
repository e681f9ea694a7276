namespace Sosia.Isa.X86.Decode;

/// <summary>
/// Where an instruction stands under Popek and Goldberg's criteria (docs/theory.md): the table's claim for 32-bit and 64-bit code, which the classifier checks by execution.
/// </summary>
public enum VirtualizationClass : byte
{
    /// <summary>Neither privileged nor sensitive.</summary>
    Innocuous,

    /// <summary>Traps outside the supervisor's privilege level, always.</summary>
    Privileged,

    /// <summary>Sensitive, but traps outside the supervisor's level where the control program withholds a right: IOPL, the I/O permission map, CR4.TSD and the like.</summary>
    Withholdable,

    /// <summary>Reads or changes mode, location or resources, and does not trap in user mode whatever the control program does.</summary>
    Sensitive,
}
