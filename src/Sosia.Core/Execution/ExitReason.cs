namespace Sosia.Core.Execution;

/// <summary>Why an engine stopped running a vCPU. A closed set: whoever switches on it handles every member.</summary>
public enum ExitReason
{
    /// <summary>The instruction budget is used up.</summary>
    BudgetUsed,

    /// <summary>The guest waits for an interrupt (x86 HLT) and none is pending.</summary>
    Halted,

    /// <summary>Somebody called <see cref="IVcpu.Kick"/>, or an earlier timer was armed.</summary>
    Kicked,

    /// <summary>The guest cannot go on (x86 triple fault).</summary>
    Shutdown,

    /// <summary>A breakpoint, watchpoint or step that belongs to a debugger was reached.</summary>
    DebugEvent,

    /// <summary>The technique failed on the host; the vCPU's state is that of the last instruction boundary.</summary>
    HostError,
}
