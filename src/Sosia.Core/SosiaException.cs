using System;

namespace Sosia.Core;

/// <summary>
/// A configuration or host failure that ends an operation: its message is one sentence for the user that says what, which file or
/// value, and what to do. Guest faults and guest misuse of devices are never reported this way.
/// </summary>
public sealed class SosiaException : Exception
{
    /// <summary>Creates a failure with the exit status of bad arguments or configuration (2).</summary>
    /// <param name="message">One sentence for the user.</param>
    public SosiaException(string message)
        : this(message, FailureKind.Configuration)
    {
    }

    /// <summary>Creates a failure.</summary>
    /// <param name="message">One sentence for the user.</param>
    /// <param name="kind">Whose failure it is.</param>
    /// <param name="innerException">The host's own error, if any.</param>
    public SosiaException(string message, FailureKind kind, Exception? innerException = null)
        : base(message, innerException)
    {
        Kind = kind;
    }

    /// <summary>Whose failure it is; the command line derives its exit status from it.</summary>
    public FailureKind Kind { get; }
}
