using System;
using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>A UDP port of the host that leads into the guest.</summary>
internal sealed class UdpListener(HostForward forward, uint guestAddress, Action<UdpListener> ready) : PollTarget
{
    public HostForward Forward { get; } = forward;

    public uint GuestAddress { get; } = guestAddress;

    /// <inheritdoc/>
    public override void Ready(Readiness readiness) => ready(this);
}
