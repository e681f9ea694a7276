namespace Sosia.Machines.Boot;

/// <summary>
/// Where the boot protocols put their tables: in the RAM below 640 KiB, which every kernel treats as free once it has taken over.
/// </summary>
internal static class LowMemory
{
    /// <summary>The global descriptor table of the entry state.</summary>
    public const ulong Gdt = 0x500;

    /// <summary>The data that follows a Linux boot_params page (setup_data).</summary>
    public const ulong SetupData = 0x6000;

    /// <summary>Linux's boot_params, PVH's start information or multiboot's information structure.</summary>
    public const ulong BootInformation = 0x7000;

    /// <summary>Lists that the boot information points to (modules, memory map); up to <see cref="PageTables"/>.</summary>
    public const ulong BootLists = 0x8000;

    /// <summary>The page tables of the 64-bit entry state: PML4, one PDPT, four page directories.</summary>
    public const ulong PageTables = 0x9000;

    /// <summary>Where a flat binary's or multiboot kernel's stack would begin to grow down.</summary>
    public const ulong Stack = 0x7000;

    /// <summary>The kernel command line, followed by the modules' command lines.</summary>
    public const ulong CommandLine = 0x20000;

    /// <summary>Room for command lines, in bytes.</summary>
    public const int CommandLineByteCount = 0x10000;

    /// <summary>The first byte after the RAM below 640 KiB that the guest may use: the extended BIOS data area begins here.</summary>
    public const ulong End = 0x9fc00;

    /// <summary>Where the memory above the adapter and firmware area begins.</summary>
    public const ulong HighMemory = 0x10_0000;
}
