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

    /// <summary>Where the bus shows it now, or <see cref="Unmapped"/>.</summary>
    public ulong MappedAt { get; set; } = Unmapped;

    /// <summary>Where the registers want it, or <see cref="Unmapped"/>.</summary>
    public ulong WantedAt { get; set; } = Unmapped;
}
