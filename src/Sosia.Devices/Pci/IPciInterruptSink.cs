namespace Sosia.Devices.Pci;

/// <summary>Where the four PCI interrupt wires of a board lead: its interrupt router.</summary>
public interface IPciInterruptSink
{
    /// <summary>A wire changed its level.</summary>
    /// <param name="wire">0 to 3: PIRQA to PIRQD.</param>
    /// <param name="asserted">The new level.</param>
    void SetPirq(int wire, bool asserted);
}
