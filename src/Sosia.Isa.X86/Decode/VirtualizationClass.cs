namespace Sosia.Isa.X86.Decode;

/// <summary>How an instruction behaves under Popek and Goldberg's criteria; the table's claim, which the classifier checks by execution.</summary>
public enum VirtualizationClass : byte
{
    /// <summary>Neither privileged nor sensitive.</summary>
    Innocuous,

    /// <summary>Traps outside the supervisor's privilege level.</summary>
    Privileged,

    /// <summary>Reads or changes resources without trapping in user mode.</summary>
    SensitiveSilent,

    /// <summary>Input and output, guarded by IOPL and the permission map.</summary>
    Io,

    /// <summary>Transfers control through descriptors or gates.</summary>
    ControlTransfer,
}
