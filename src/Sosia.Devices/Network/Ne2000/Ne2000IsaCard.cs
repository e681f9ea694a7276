using System;
using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Net;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network.Ne2000;

/// <summary>An NE2000 on the ISA bus, at port 300h.</summary>
public sealed class Ne2000IsaCard : ISnapshotable, INetworkCard
{
    /// <summary>The interrupt that the card's jumpers are set to.</summary>
    public const int Interrupt = 9;

    private const int BasePort = 0x300;

    private readonly Ne2000Core _core;
    private readonly IrqLine _irq;

    /// <summary>Creates the card in its power-on state.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="irq">Its interrupt.</param>
    /// <param name="cable">Its end of its cable.</param>
    /// <param name="mac">Its Ethernet address.</param>
    public Ne2000IsaCard(string name, MachineClock clock, IrqLine irq, CableEnd cable, MacAddress mac)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(irq);
        ArgumentNullException.ThrowIfNull(cable);
        Name = name;
        _irq = irq;
        _core = new Ne2000Core(name, clock, cable, mac, isRealtek: false, irq.Set);
        _core.Reset();
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string SnapshotName => Name;

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <inheritdoc/>
    public CableEnd Cable => _core.Cable;

    /// <inheritdoc/>
    public bool IsLinkUp
    {
        get => _core.IsLinkUp;
        set => _core.IsLinkUp = value;
    }

    /// <summary>Claims the ports.</summary>
    public void Map(PortBus ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        ports.Map(BasePort, Ne2000Register.PortCount, _core, Name);
    }

    /// <inheritdoc/>
    public void ServiceCable() => _core.ServiceCable();

    /// <summary>Puts the card to its power-on state.</summary>
    public void Reset() => _core.Reset();

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        _core.Save(writer);
        writer.Write("irq", _irq.IsAsserted);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.RequireVersion(SnapshotVersion);
        _core.Restore(reader);
        _irq.RestoreLevel(reader.ReadBoolean("irq"));
    }
}
