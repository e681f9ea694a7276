using System;

namespace Sosia.Control;

/// <summary>The text that was expected on a guest's console or screen did not come; the message ends with what came last.</summary>
public sealed class ExpectException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="message">What was expected, why waiting ended, and the last lines of the console or the screen.</param>
    /// <param name="result">How the machine stopped.</param>
    public ExpectException(string message, RunResult result)
        : base(message)
    {
        Result = result;
    }

    /// <summary>How the machine stopped.</summary>
    public RunResult Result { get; }

    // How a wait ended without what was waited for.
    internal static string Why(RunResult result, TimeSpan limit) => result.Reason switch
    {
        StopReason.TimedOut => $"within {limit.TotalSeconds:0.#} s",
        StopReason.Idle => "before the guest waited for input for ever",
        _ => $"before the machine stopped ({result.Reason})",
    };
}
