using System;
using Sosia.Core;
using Sosia.Host.Linux.Network;
using Sosia.Net.Frames;
using Xunit;

namespace Sosia.Net.Tests;

public sealed class NetworkOptionsTests
{
    [Fact]
    public void Everything_that_can_be_said_is_understood()
    {
        NetworkOptions options = NetworkOptions.Parse(
            "user,model=e1000,mac=52:54:00:aa:bb:cc,pcap=a,,b.pcap,net=192.168.5.0/24,host=192.168.5.1,dns=192.168.5.4,dhcpstart=192.168.5.9,hostname=h,tftp=/srv,bootfile=x,restrict=on,allow-host-loopback,"
            + "hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp::53-192.168.5.10:5353,hostfwd=::80-:8080,guestfwd=tcp:192.168.5.100:25-tcp:127.0.0.1:2525,guestfwd=tcp:192.168.5.100:26-unix:/run/x");
        Assert.Equal(NetworkModel.E1000, options.Model);
        Assert.Equal(new MacAddress(0x5254_00aa_bbcc), options.EffectiveMac(3));
        Assert.Equal("a,b.pcap", options.CaptureFile);
        Assert.Equal(0xc0a8_0500u, options.User.Network);
        Assert.Equal(0xc0a8_0501u, options.User.Gateway);
        Assert.True(options.User.IsRestricted);
        Assert.True(options.User.AllowsHostLoopback);
        Assert.Equal(new SocketAddress4(SocketAddress4.Loopback, 2222), options.User.HostForwards[0].Host);
        Assert.Equal(22, options.User.HostForwards[0].GuestPort);
        Assert.True(options.User.HostForwards[1].IsUdp);
        Assert.Equal(SocketAddress4.Loopback, options.User.HostForwards[1].Host.Address);
        Assert.Equal(0xc0a8_050au, options.User.HostForwards[1].GuestAddress);
        Assert.Equal(80, options.User.HostForwards[2].Host.Port);
        Assert.Equal(2525, options.User.GuestForwards[0].Host.Port);
        Assert.Equal("/run/x", options.User.GuestForwards[1].UnixPath);
        Assert.Equal("52:54:00:12:34:57", new NetworkOptions().EffectiveMac(1).ToString());
        Assert.True(NetworkOptions.Parse("socket,listen=:4000").Listens);
        Assert.Equal(new SocketAddress4(0x0a00_0001, 4000), NetworkOptions.Parse("socket,connect=10.0.0.1:4000").Address);
        Assert.Equal("tap7", NetworkOptions.Parse("tap,ifname=tap7").TapName);
        Assert.Equal(NetworkKind.None, NetworkOptions.Parse("none").Kind);
    }

    [Theory]
    [InlineData("", "user|socket|tap|none")]
    [InlineData("bridge", "'bridge'")]
    [InlineData("user,model=ne3000", "'ne3000'")]
    [InlineData("user,mac=1:2", "'1:2'")]
    [InlineData("user,mac=01:00:00:00:00:00", "'01:00:00:00:00:00'")]
    [InlineData("user,pcap=", "pcap=VALUE")]
    [InlineData("user,restrict=on,restrict=on", "twice")]
    [InlineData("user,restrict=maybe", "'maybe'")]
    [InlineData("user,colour=red", "'colour'")]
    [InlineData("user,net=10.0.2.0/33", "'10.0.2.0/33'")]
    [InlineData("user,host=10.0.3.2", "10.0.3.2")]
    [InlineData("user,host=10.0.2.3", "each its own")]
    [InlineData("user,hostfwd=tcp:99999-:22", "'tcp:99999-:22'")]
    [InlineData("user,hostfwd=sctp::1-:2", "'sctp::1-:2'")]
    [InlineData("user,hostfwd=tcp::1-:0", "'tcp::1-:0'")]
    [InlineData("user,guestfwd=tcp:10.0.2.9:1-cmd:cat", "not implemented")]
    [InlineData("user,guestfwd=tcp:10.9.2.9:1-tcp:127.0.0.1:1", "10.9.2.9")]
    [InlineData("user,ipv6=on", "IPv6")]
    [InlineData("socket", "listen=ADDR:PORT")]
    [InlineData("socket,listen=host:1", "'host:1'")]
    [InlineData("socket,hostfwd=tcp::1-:2", "'hostfwd'")]
    [InlineData("tap,ifname=abcdefghijklmnop", "15 characters")]
    public void What_cannot_be_meant_is_refused_with_what_is_wrong(string text, string part)
        => Assert.Contains(part, Assert.Throws<SosiaException>(() => NetworkOptions.Parse(text)).Message, StringComparison.Ordinal);
}
