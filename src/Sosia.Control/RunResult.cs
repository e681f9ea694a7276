namespace Sosia.Control;

/// <summary>What came of running a machine.</summary>
/// <param name="Reason">Why it stopped.</param>
/// <param name="GuestStatus">The guest's own status after <see cref="StopReason.DebugExit"/>; otherwise 0.</param>
public readonly record struct RunResult(StopReason Reason, int GuestStatus = 0)
{
    /// <summary>True when the machine has ended and cannot be run on.</summary>
    public bool HasEnded => Reason is StopReason.PoweredOff or StopReason.Reset or StopReason.TripleFault or StopReason.DebugExit;

    /// <summary>The exit status that the command line gives for it.</summary>
    public int ExitStatus => Reason switch
    {
        StopReason.Reset or StopReason.TripleFault => 3,
        StopReason.DebugExit => GuestStatus,
        StopReason.TimedOut => 124,
        _ => 0,
    };
}
