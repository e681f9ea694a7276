namespace Sosia.Core.Time;

/// <summary>How guest time advances.</summary>
public enum ClockMode
{
    /// <summary>With the host's clock, except that time stands still while the host does not let the machine run.</summary>
    RealTime,

    /// <summary>With the host's clock while the guest runs; an idle guest jumps to its next timer (with a short rest before each one, once it has been idle for long).</summary>
    Fast,

    /// <summary>With the number of retired instructions; an idle guest jumps to its next timer. Two runs give the same history.</summary>
    Deterministic,
}
