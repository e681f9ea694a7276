namespace Sosia.Images;

/// <summary>A form in which disks are kept in files.</summary>
public enum ImageFormat
{
    /// <summary>The disk's bytes and nothing else.</summary>
    Raw,

    /// <summary>QEMU copy on write, versions 2 and 3.</summary>
    Qcow2,

    /// <summary>VirtualBox disk image.</summary>
    Vdi,

    /// <summary>Microsoft virtual hard disk (Virtual PC, Hyper-V generation 1); QEMU calls it vpc.</summary>
    Vhd,

    /// <summary>VMware virtual machine disk.</summary>
    Vmdk,

    /// <summary>Microsoft virtual hard disk, version 2.</summary>
    Vhdx,

    /// <summary>A folder of the host, shown as a disk with a FAT file system.</summary>
    Fat,
}
