using System;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Pci;
using Sosia.Net;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network.Ne2000;

/// <summary>An NE2000 on PCI: Realtek's RTL8029 (PCI 10ec:8029).</summary>
public sealed class Ne2000PciCard : PciFunction, INetworkCard
{
    private const ushort Vendor = 0x10ec;
    private const ushort Device = 0x8029;

    private readonly Ne2000Core _core;

    /// <summary>Creates the card in its power-on state.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="cable">Its end of its cable.</param>
    /// <param name="mac">Its Ethernet address.</param>
    public Ne2000PciCard(string name, MachineClock clock, CableEnd cable, MacAddress mac)
        : base(name, new PciIdentity(Vendor, Device, 0x02_0000, Revision: 0, Vendor, Device), interruptPin: 1)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(cable);
        _core = new Ne2000Core(name, clock, cable, mac, isRealtek: true, SetInterrupt);
        AddIoBar(0, Ne2000Register.PortCount, _core);
        _core.Reset();
    }

    /// <inheritdoc/>
    public CableEnd Cable => _core.Cable;

    /// <inheritdoc/>
    public bool IsLinkUp
    {
        get => _core.IsLinkUp;
        set => _core.IsLinkUp = value;
    }

    /// <inheritdoc/>
    public void ServiceCable() => _core.ServiceCable();

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        _core.Reset();
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        _core.Save(writer);
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.RequireVersion(SnapshotVersion);
        base.Restore(reader);
        _core.Restore(reader);
    }
}
