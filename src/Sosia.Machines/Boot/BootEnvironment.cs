using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Isa.X86;

namespace Sosia.Machines.Boot;

/// <summary>What a boot protocol needs to know of the machine that it prepares.</summary>
/// <param name="Cpu">The processor that starts; in its power-on state.</param>
/// <param name="Memory">Its physical address space.</param>
/// <param name="Map">The memory map to give to the guest.</param>
/// <param name="LowMemoryEnd">Where the RAM that starts at 1 MiB ends.</param>
/// <param name="RsdpGuestPhysical">Where the ACPI root pointer is; 0 without ACPI tables.</param>
/// <param name="Options">The machine's options: kernel, initrd, command line.</param>
public sealed record BootEnvironment(
    X86Cpu Cpu,
    MemoryBus Memory,
    IReadOnlyList<MemoryRange> Map,
    ulong LowMemoryEnd,
    ulong RsdpGuestPhysical,
    MachineOptions Options)
{
    /// <summary>True when the machine shows a text screen of 80 × 25 characters, as firmware would have left it.</summary>
    public bool HasTextScreen { get; init; }
}
