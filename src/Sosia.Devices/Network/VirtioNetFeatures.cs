namespace Sosia.Devices.Network;

/// <summary>Feature bits of a virtio network device (virtio 1.1, section 5.1.3).</summary>
internal static class VirtioNetFeatures
{
    public const ulong Checksum = 1UL << 0;
    public const ulong GuestChecksum = 1UL << 1;
    public const ulong Mac = 1UL << 5;
    public const ulong GuestSegmentation4 = 1UL << 7;
    public const ulong HostSegmentation4 = 1UL << 11;
    public const ulong HostSegmentation6 = 1UL << 12;
    public const ulong MergeableBuffers = 1UL << 15;
    public const ulong Status = 1UL << 16;
    public const ulong ControlQueue = 1UL << 17;
    public const ulong ControlReceive = 1UL << 18;
    public const ulong ControlReceiveExtra = 1UL << 20;
    public const ulong ControlMac = 1UL << 23;

    public const ulong Offered = Checksum | GuestChecksum | Mac | GuestSegmentation4 | HostSegmentation4 | HostSegmentation6 | MergeableBuffers | Status
        | ControlQueue | ControlReceive | ControlReceiveExtra | ControlMac;
}
