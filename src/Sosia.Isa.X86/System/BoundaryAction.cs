namespace Sosia.Isa.X86;

/// <summary>What an engine does next, after the events of an instruction boundary have been looked at.</summary>
public enum BoundaryAction
{
    /// <summary>Go on; the events need no further look until one is posted.</summary>
    Run,

    /// <summary>
    /// Execute exactly one instruction, then ask again: an interrupt shadow, single step or a code breakpoint is in force, or every
    /// instruction is traced.
    /// </summary>
    RunOne,

    /// <summary>The processor waits (HLT, or for a start-up message) and nothing wakes it.</summary>
    Halted,

    /// <summary>Somebody called <see cref="X86Cpu.Kick"/>; the request is consumed.</summary>
    Kicked,

    /// <summary>The processor is shut down after a triple fault.</summary>
    ShutDown,
}
