namespace Sosia.Devices.Virtio;

/// <summary>The three parts of a split virtqueue, in the order in which both transports have their address registers.</summary>
public enum VirtQueueArea
{
    /// <summary>The descriptor table.</summary>
    DescriptorTable,

    /// <summary>The available ring (driver area).</summary>
    AvailableRing,

    /// <summary>The used ring (device area).</summary>
    UsedRing,
}
