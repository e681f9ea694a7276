using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>A port of the host that leads into the guest.</summary>
/// <param name="IsUdp">UDP; otherwise TCP.</param>
/// <param name="Host">Where the host listens; port 0 for one that the host chooses.</param>
/// <param name="GuestAddress">The guest's address; 0 for the first one that DHCP gives.</param>
/// <param name="GuestPort">The guest's port.</param>
public sealed record HostForward(bool IsUdp, SocketAddress4 Host, uint GuestAddress, ushort GuestPort);
