using System.Collections.Generic;

namespace Sosia.Net.User;

/// <summary>How a <see cref="UserNetwork"/> is laid out and what it lets through. Addresses are in host byte order.</summary>
public sealed record UserNetworkOptions
{
    /// <summary>The network's address. Default 10.0.2.0.</summary>
    public uint Network { get; init; } = 0x0a00_0200;

    /// <summary>How many bits of an address name the network, 8 to 28.</summary>
    public int PrefixLength { get; init; } = 24;

    /// <summary>The gateway, which is the host as guests see it; 0 for the network's address and 2.</summary>
    public uint Gateway { get; init; }

    /// <summary>Where guests ask for names; 0 for the network's address and 3.</summary>
    public uint Dns { get; init; }

    /// <summary>The first address that DHCP gives; 0 for the network's address and 15.</summary>
    public uint DhcpStart { get; init; }

    /// <summary>True to let nothing out but what forwards allow.</summary>
    public bool IsRestricted { get; init; }

    /// <summary>True to let guests reach, through the gateway's address, what listens on the host's loopback address, and link-local addresses.</summary>
    public bool AllowsHostLoopback { get; init; }

    /// <summary>The folder that TFTP serves; null for no TFTP.</summary>
    public string? TftpFolder { get; init; }

    /// <summary>The file that DHCP tells booting machines to load; null for none.</summary>
    public string? BootFile { get; init; }

    /// <summary>The name that DHCP gives the guest; null for none.</summary>
    public string? HostName { get; init; }

    /// <summary>Ports of the host that lead into the guest.</summary>
    public IReadOnlyList<HostForward> HostForwards { get; init; } = [];

    /// <summary>Ports of the guest's network that lead to places of the host.</summary>
    public IReadOnlyList<GuestForward> GuestForwards { get; init; } = [];

    internal uint Mask => uint.MaxValue << (32 - PrefixLength);

    internal uint GatewayAddress => Gateway != 0 ? Gateway : Network + 2;

    internal uint DnsAddress => Dns != 0 ? Dns : Network + 3;

    internal uint FirstGuest => DhcpStart != 0 ? DhcpStart : Network + 15;

    internal bool IsInNetwork(uint address) => (address & Mask) == Network;
}
