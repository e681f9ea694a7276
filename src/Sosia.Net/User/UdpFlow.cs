using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>Datagrams between one port of a guest and one place: a host socket that is connected to it, so that nobody else's reach the guest.</summary>
internal sealed class UdpFlow(UdpTable table, TcpKey key) : PollTarget
{
    public TcpKey Key { get; } = key;

    /// <summary>When something last went through.</summary>
    public long LastUsed { get; set; }

    /// <inheritdoc/>
    public override void Ready(Readiness readiness) => table.ReceiveFromHost(this);
}
