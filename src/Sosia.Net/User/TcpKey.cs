namespace Sosia.Net.User;

/// <summary>The two ends of a connection as the guest sees them.</summary>
internal readonly record struct TcpKey(uint Guest, ushort GuestPort, uint Remote, ushort RemotePort);
