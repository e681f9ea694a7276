namespace Sosia.Devices.Pic8259;

/// <summary>What answers the processor's interrupt acknowledge cycles (INTA): on a PC the 8259A pair.</summary>
public interface IExternalInterruptController
{
    /// <summary>Runs one pair of interrupt acknowledge cycles.</summary>
    /// <returns>The vector, 0 to 255; the spurious one when no request is pending any more.</returns>
    int AcknowledgeInterrupt();
}
