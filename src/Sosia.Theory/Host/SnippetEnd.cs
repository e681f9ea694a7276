namespace Sosia.Theory.Host;

/// <summary>How a snippet ended.</summary>
public enum SnippetEnd
{
    /// <summary>Its last instruction is complete, and the next one was reached.</summary>
    Completed,

    /// <summary>It is complete and has transferred control to somewhere else in user mode.</summary>
    Transferred,

    /// <summary>An exception of the processor.</summary>
    Trapped,

    /// <summary>It asked the kernel for a service, by SYSCALL, SYSENTER or an interrupt that user mode may raise.</summary>
    EnteredKernel,

    /// <summary>It had not ended when the time was over.</summary>
    TimedOut,

    /// <summary>Its process died of a signal that it could not report, or its processor shut down.</summary>
    Died,

    /// <summary>The host refused to set its process up.</summary>
    NotStarted,
}
