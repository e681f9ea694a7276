namespace Sosia.Theory.Host;

/// <summary>What the processor does when a program executes a sensitive or privileged instruction.</summary>
public enum HostVerdict
{
    /// <summary>It raises an exception: a monitor would be asked.</summary>
    Traps,

    /// <summary>It enters the kernel as a request for a service, which the cell's filter stops: a monitor would be asked.</summary>
    EntersKernel,

    /// <summary>It completes with values that the kernel has made up (Linux under UMIP).</summary>
    Fakes,

    /// <summary>It completes without the change of the machine that it makes at privilege level 0, and nobody is told.</summary>
    SilentlyIgnored,

    /// <summary>It completes, and what the program sees depends on the machine.</summary>
    Reveals,

    /// <summary>It completes, and on these operands the program learns nothing.</summary>
    Completes,

    /// <summary>The processor has no such instruction in this mode (#UD).</summary>
    NotThere,

    /// <summary>It never ended.</summary>
    TimedOut,

    /// <summary>Its process was killed.</summary>
    Died,

    /// <summary>It could not be executed.</summary>
    NotAsked,
}
