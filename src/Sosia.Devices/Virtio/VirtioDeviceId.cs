namespace Sosia.Devices.Virtio;

/// <summary>Device types (virtio 1.1, section 5). The PCI device id is 0x1040 plus the type.</summary>
public static class VirtioDeviceId
{
    /// <summary>A network card.</summary>
    public const ushort Network = 1;

    /// <summary>A block device.</summary>
    public const ushort Block = 2;

    /// <summary>A console.</summary>
    public const ushort Console = 3;

    /// <summary>An entropy source.</summary>
    public const ushort Entropy = 4;

    /// <summary>An input device.</summary>
    public const ushort Input = 18;
}
