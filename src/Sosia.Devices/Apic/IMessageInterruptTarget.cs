namespace Sosia.Devices.Apic;

/// <summary>Where message-signalled interrupts (MSI, MSI-X) go.</summary>
public interface IMessageInterruptTarget
{
    /// <summary>A device wrote a message: on a PC, address 0xFEExxxxx (Intel SDM volume 3, 11.11).</summary>
    /// <param name="address">The message address.</param>
    /// <param name="data">The message data.</param>
    void DeliverMessage(ulong address, uint data);
}
