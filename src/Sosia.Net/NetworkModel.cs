namespace Sosia.Net;

/// <summary>Which card the guest sees.</summary>
public enum NetworkModel
{
    /// <summary>A virtio network device.</summary>
    Virtio,

    /// <summary>An Intel 82540EM.</summary>
    E1000,

    /// <summary>An NE2000 on PCI (Realtek RTL8029).</summary>
    Ne2000Pci,

    /// <summary>An NE2000 on the ISA bus, at port 300h and interrupt 9.</summary>
    Ne2000Isa,
}
