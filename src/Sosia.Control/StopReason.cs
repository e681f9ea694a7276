namespace Sosia.Control;

/// <summary>Why a machine stopped running.</summary>
public enum StopReason
{
    /// <summary><see cref="VirtualMachine.Pause"/> was called.</summary>
    Paused,

    /// <summary>The wanted number of instructions was retired.</summary>
    BudgetUsed,

    /// <summary>The condition that it ran for holds.</summary>
    ConditionMet,

    /// <summary>The time for it to run has passed.</summary>
    TimedOut,

    /// <summary>The guest waits for input, no timer is armed, and the caller did not want to wait.</summary>
    Idle,

    /// <summary>A debugger's breakpoint, watchpoint or step was reached.</summary>
    DebugEvent,

    /// <summary>
    /// The host could not do what a drive was asked for, for lack of space for example, and <see cref="Devices.Block.BlockErrorPolicy"/> says to stop.
    /// Nothing is lost: running on tries again.
    /// </summary>
    HostFailed,

    /// <summary>The guest switched the machine off. It has ended.</summary>
    PoweredOff,

    /// <summary>The guest reset the machine, and <see cref="Machines.MachineOptions.NoReboot"/> is set. It has ended.</summary>
    Reset,

    /// <summary>The processor shut down (triple fault), and <see cref="Machines.MachineOptions.NoReboot"/> is set. It has ended.</summary>
    TripleFault,

    /// <summary>The guest wrote to the debug-exit port. It has ended.</summary>
    DebugExit,
}
