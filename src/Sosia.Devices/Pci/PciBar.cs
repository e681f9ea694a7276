using Sosia.Core.Buses;

namespace Sosia.Devices.Pci;

/// <summary>One base address register: what it maps, and where it is mapped now.</summary>
internal sealed class PciBar
{
    public const ulong Unmapped = ulong.MaxValue;

    public required int Index { get; init; }

    public required ulong ByteCount { get; init; }

    public required string Name { get; init; }

    public IMmioDevice? Memory { get; init; }

    public IPortDevice? Ports { get; init; }

    public bool Is64Bit { get; init; }

    /// <summary>Where in guest RAM the BAR's memory lies, when it is memory and not registers.</summary>
    public ulong? RamOffset { get; init; }

    /// <summary>True for the expansion ROM's register, which has a place and an enable bit of its own.</summary>
    public bool IsRom { get; init; }

    /// <summary>True when Command.Memory does not matter to it.</summary>
    public bool IgnoresMemorySpace { get; init; }

    /// <summary>True when it maps ports.</summary>
    public bool IsPorts => Ports is not null;

    /// <summary>Where the bus shows it now, or <see cref="Unmapped"/>.</summary>
    public ulong MappedAt { get; set; } = Unmapped;

    /// <summary>Where the registers want it, or <see cref="Unmapped"/>.</summary>
    public ulong WantedAt { get; set; } = Unmapped;
}
