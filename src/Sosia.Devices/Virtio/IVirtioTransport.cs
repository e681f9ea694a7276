namespace Sosia.Devices.Virtio;

/// <summary>What a device asks of the transport (MMIO, PCI) through which the guest sees it.</summary>
public interface IVirtioTransport
{
    /// <summary>A queue has used buffers that the driver wants to hear of.</summary>
    /// <param name="queueIndex">Which queue.</param>
    void RaiseQueueInterrupt(int queueIndex);

    /// <summary>The configuration space or the device status changed.</summary>
    void RaiseConfigurationInterrupt();

    /// <summary>The device was reset: pending interrupts and per-queue settings go.</summary>
    void DeviceWasReset();
}
