namespace Sosia.Devices.Block;

/// <summary>How a guest sees a drive.</summary>
public enum DriveInterface
{
    /// <summary>A virtio block device.</summary>
    Virtio,
}
