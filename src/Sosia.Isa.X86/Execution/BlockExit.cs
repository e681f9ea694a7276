namespace Sosia.Isa.X86.Execution;

/// <summary>Why a handler returned null in the middle of a block.</summary>
public enum BlockExit : byte
{
    /// <summary>It did not: the block ran to its end and set <see cref="State.X86State.Rip"/>.</summary>
    None,

    /// <summary>The running instruction faulted; nothing of it was committed. The fault fields of the state say what happened.</summary>
    Fault,

    /// <summary>The running instruction is complete, and events must be looked at before the next one.</summary>
    AfterInstruction,

    /// <summary>The running operation was not executed: its block is void (its page was written) or the budget ends here.</summary>
    BeforeInstruction,
}
