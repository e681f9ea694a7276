using System;
using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>A TCP port of the host that leads into the guest.</summary>
internal sealed class TcpListener(HostForward forward, uint guestAddress, Action<TcpListener> ready) : PollTarget
{
    public HostForward Forward { get; } = forward;

    public uint GuestAddress { get; } = guestAddress;

    /// <inheritdoc/>
    public override void Ready(Readiness readiness) => ready(this);
}
