namespace Sosia.Core.Interrupts;

/// <summary>
/// One wire from a device to an interrupt controller's input. A device recomputes the level from its state and calls
/// <see cref="Set"/>; only changes travel. Inputs shared by several wires are OR-ed by the sink.
/// </summary>
public sealed class IrqLine
{
    private readonly IIrqSink _sink;
    private readonly int _input;

    /// <summary>Connects a wire.</summary>
    public IrqLine(IIrqSink sink, int input)
    {
        _sink = sink;
        _input = input;
    }

    /// <summary>The current level.</summary>
    public bool IsAsserted { get; private set; }

    /// <summary>Drives the wire.</summary>
    public void Set(bool asserted)
    {
        if (asserted != IsAsserted)
        {
            IsAsserted = asserted;
            _sink.SetIrq(_input, asserted);
        }
    }

    /// <summary>A short pulse: asserted, then released.</summary>
    public void Pulse()
    {
        Set(true);
        Set(false);
    }

    /// <summary>Sets the level while a snapshot is restored, without telling the sink (which restores its own state).</summary>
    public void RestoreLevel(bool asserted) => IsAsserted = asserted;
}
