namespace Sosia.Devices.Virtio;

/// <summary>The feature bits that belong to the ring format and the transports, not to a device type (virtio 1.1, section 6).</summary>
public static class VirtioFeatures
{
    /// <summary>VIRTIO_F_INDIRECT_DESC: a descriptor may point to a table of descriptors.</summary>
    public const ulong IndirectDescriptors = 1UL << 28;

    /// <summary>VIRTIO_F_EVENT_IDX: notifications are suppressed by ring index instead of by flag.</summary>
    public const ulong EventIndex = 1UL << 29;

    /// <summary>VIRTIO_F_VERSION_1: the device is not a legacy one. Every device here offers it and insists on it.</summary>
    public const ulong Version1 = 1UL << 32;

    /// <summary>What every device here offers.</summary>
    public const ulong Common = IndirectDescriptors | EventIndex | Version1;
}
