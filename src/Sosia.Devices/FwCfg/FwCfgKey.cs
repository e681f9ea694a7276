namespace Sosia.Devices.FwCfg;

/// <summary>The selectors of items that have no file name (QEMU, docs/specs/fw_cfg and the firmware that reads them).</summary>
public static class FwCfgKey
{
    /// <summary>The text "QEMU", by which firmware knows the interface.</summary>
    public const ushort Signature = 0x00;

    /// <summary>A little-endian word of revision bits.</summary>
    public const ushort Revision = 0x01;

    /// <summary>The machine's UUID.</summary>
    public const ushort Uuid = 0x02;

    /// <summary>The size of RAM in bytes, 8 bytes.</summary>
    public const ushort RamByteCount = 0x03;

    /// <summary>1 when there is no display, 2 bytes.</summary>
    public const ushort NoGraphics = 0x04;

    /// <summary>The number of processors, 2 bytes.</summary>
    public const ushort CpuCount = 0x05;

    /// <summary>Where the kernel's protected-mode code goes, 4 bytes.</summary>
    public const ushort KernelAddress = 0x07;

    /// <summary>The size of the kernel's protected-mode code, 4 bytes.</summary>
    public const ushort KernelByteCount = 0x08;

    /// <summary>Where the initial RAM disk goes, 4 bytes.</summary>
    public const ushort InitrdAddress = 0x0a;

    /// <summary>The size of the initial RAM disk, 4 bytes.</summary>
    public const ushort InitrdByteCount = 0x0b;

    /// <summary>1 when the user wants the boot menu, 2 bytes.</summary>
    public const ushort BootMenu = 0x0e;

    /// <summary>One more than the highest APIC id that there may be, 2 bytes.</summary>
    public const ushort MaxCpuCount = 0x0f;

    /// <summary>The kernel's protected-mode code.</summary>
    public const ushort KernelData = 0x11;

    /// <summary>The initial RAM disk.</summary>
    public const ushort InitrdData = 0x12;

    /// <summary>Where the kernel command line goes, 4 bytes.</summary>
    public const ushort CommandLineAddress = 0x13;

    /// <summary>The size of the kernel command line, 4 bytes.</summary>
    public const ushort CommandLineByteCount = 0x14;

    /// <summary>The kernel command line with a zero at its end.</summary>
    public const ushort CommandLineData = 0x15;

    /// <summary>Where the kernel's real-mode code goes, 4 bytes.</summary>
    public const ushort SetupAddress = 0x16;

    /// <summary>The size of the kernel's real-mode code, 4 bytes.</summary>
    public const ushort SetupByteCount = 0x17;

    /// <summary>The kernel's real-mode code.</summary>
    public const ushort SetupData = 0x18;

    /// <summary>The directory of files.</summary>
    public const ushort Directory = 0x19;

    /// <summary>The first selector of a file.</summary>
    public const ushort FirstFile = 0x20;
}
