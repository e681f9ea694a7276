using System;

namespace Sosia.Control;

/// <summary>The text that was expected on a guest's console did not come; the message ends with what came last.</summary>
public sealed class ExpectException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="message">What was expected, why waiting ended, and the last lines of the console.</param>
    /// <param name="result">How the machine stopped.</param>
    public ExpectException(string message, RunResult result)
        : base(message)
    {
        Result = result;
    }

    /// <summary>How the machine stopped.</summary>
    public RunResult Result { get; }
}
