using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>A TCP port of the guest's network that leads to a place of the host, whatever else is forbidden.</summary>
/// <param name="Guest">What the guest connects to: an address of its network.</param>
/// <param name="Host">Where that leads.</param>
/// <param name="UnixPath">Or to which Unix socket; null for none.</param>
public sealed record GuestForward(SocketAddress4 Guest, SocketAddress4 Host, string? UnixPath);
