namespace Sosia.Devices.Block;

/// <summary>How a guest sees a drive.</summary>
public enum DriveInterface
{
    /// <summary>A virtio block device.</summary>
    Virtio,

    /// <summary>A disk or CD-ROM drive on one of the PIIX3's two IDE channels.</summary>
    Ide,

    /// <summary>A floppy disk drive.</summary>
    Floppy,

    /// <summary>A disk or CD-ROM drive at a port of an ICH9 AHCI controller.</summary>
    Ahci,

    /// <summary>A namespace of an NVMe controller of its own.</summary>
    Nvme,

    /// <summary>A disk on the USB.</summary>
    Usb,
}
