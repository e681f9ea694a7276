using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Sosia.Host.Linux.Network;
using Sosia.Net.Frames;
using Sosia.Net.Tests.Support;
using Sosia.Net.User;
using Xunit;
using TcpListener = System.Net.Sockets.TcpListener;

namespace Sosia.Net.Tests.User;

public sealed class TcpTests
{
    private static readonly UserNetworkOptions WithLoopback = new() { AllowsHostLoopback = true };

    [Theory]
    [InlineData(1460, false)]
    [InlineData(60_000, true)]
    public async Task A_megabyte_travels_both_ways_unchanged_and_both_directions_end(int segmentByteCount, bool offloads)
    {
        using var guest = new FakeGuest(WithLoopback);
        guest.Cable.Card.AcceptsOffloads = offloads;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        byte[] data = RandomBytes(1_000_000, 1);
        Task<byte[]> host = Task.Run(() => EchoReversed(listener));
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, Port(listener), 40_000);
        tcp.Connect();
        tcp.Send(data, segmentByteCount, offloads ? new FrameOffload(34, 16, 1460) : default);
        tcp.End();
        tcp.Receive(data.Length);
        tcp.WaitForEnd();
        tcp.WaitForAcknowledgment();
        Array.Reverse(data);
        Assert.Equal(data, tcp.Received);
        Array.Reverse(data);
        Assert.Equal(data, await host);
        // Segments of the size that the guest takes: 64 KB at once, or what fits into a frame.
        Assert.InRange(tcp.SegmentCount, offloads ? 16 : 685, offloads ? 400 : 1400);
    }

    [Fact]
    public void Lost_segments_are_sent_again()
    {
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        byte[] data = RandomBytes(100_000, 2);
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, Port(listener), 40_001) { ToLose = 3 };
        tcp.Connect();
        using Socket peer = listener.AcceptSocket();
        peer.Send(data);
        peer.Shutdown(SocketShutdown.Send);
        tcp.WaitForEnd();
        Assert.Equal(data, tcp.Received);
    }

    [Fact]
    public async Task A_closed_window_stops_the_host_and_opens_again()
    {
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        byte[] data = RandomBytes(300_000, 3);
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, Port(listener), 40_002);
        tcp.Connect();
        using Socket peer = listener.AcceptSocket();
        Task sending = Task.Run(() =>
        {
            peer.Send(data);
            peer.Shutdown(SocketShutdown.Send);
        });
        tcp.Receive(1);
        tcp.Window = 0;
        tcp.SendSegment(FakeTcp.Ack);
        for (int i = 0; i < 3; i++)
        {
            guest.Rest();
            tcp.Poll();
        }

        tcp.Window = 0xffff;
        tcp.SendSegment(FakeTcp.Ack);
        tcp.WaitForEnd();
        await sending;
        Assert.Equal(data, tcp.Received);
    }

    [Fact]
    public async Task A_host_program_that_does_not_read_stops_the_guest_and_nothing_is_lost()
    {
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        byte[] data = RandomBytes(8_000_000, 4);
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, Port(listener), 40_003);
        tcp.Connect();
        using Socket peer = listener.AcceptSocket();
        Task<byte[]> reading = Task.Run(async () =>
        {
            await Task.Delay(200);
            using var all = new MemoryStream();
            using var stream = new NetworkStream(peer);
            await stream.CopyToAsync(all);
            return all.ToArray();
        });
        tcp.Send(data, 60_000, new FrameOffload(34, 16, 1460));
        tcp.End();
        Assert.Equal(data, await reading);
    }

    [Fact]
    public void Nobody_listening_is_a_reset()
    {
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        ushort port = Port(listener);
        listener.Stop();
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, port, 40_004);
        tcp.BeginConnect();
        tcp.WaitForReset();
    }

    [Theory]
    [InlineData(FakeGuest.Gateway)]
    [InlineData(0x7f00_0001u)]
    [InlineData(0u)]
    [InlineData(0xa9fe_a9feu)]
    [InlineData(0x0a00_0237u)]
    public void What_listens_on_the_hosts_loopback_cannot_be_reached_unless_allowed(uint address)
    {
        using var guest = new FakeGuest();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var tcp = new FakeTcp(guest, address, Port(listener), 40_005);
        tcp.BeginConnect();
        tcp.WaitForReset();
        Assert.False(listener.Pending());
    }

    [Fact]
    public void A_reset_of_either_side_reaches_the_other()
    {
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, Port(listener), 40_006);
        tcp.Connect();
        using (Socket peer = listener.AcceptSocket())
        {
            peer.LingerState = new LingerOption(true, 0);
        }

        tcp.WaitForReset();

        tcp = new FakeTcp(guest, FakeGuest.Gateway, Port(listener), 40_007);
        tcp.Connect();
        using Socket second = listener.AcceptSocket();
        tcp.SendSegment(FakeTcp.Rst);
        Assert.Throws<SocketException>(() => second.Receive(new byte[1]));
    }

    [Fact]
    public void A_reset_with_a_wrong_number_changes_nothing()
    {
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, Port(listener), 40_008);
        tcp.Connect();
        using Socket peer = listener.AcceptSocket();
        tcp.SendSegment(FakeTcp.Rst, sequence: tcp.Next + 1000);
        tcp.Send("still there"u8);
        byte[] got = new byte[11];
        int count = 0;
        while (count < got.Length)
        {
            count += peer.Receive(got, count, got.Length - count, SocketFlags.None);
        }

        Assert.Equal("still there"u8.ToArray(), got);
    }

    [Fact]
    public void A_forwarded_port_of_the_host_leads_into_the_guest()
    {
        using var guest = new FakeGuest(new UserNetworkOptions
        {
            IsRestricted = true,
            HostForwards = [new HostForward(false, new SocketAddress4(SocketAddress4.Loopback, 0), 0, 22)],
        });
        guest.Introduce();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(IPAddress.Loopback, guest.Network.HostPorts[0].Port);
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, (ushort)((IPEndPoint)client.LocalEndPoint!).Port, 22);
        tcp.Accept();
        client.Send("question"u8);
        tcp.Receive(8);
        Assert.Equal("question"u8.ToArray(), tcp.Received);
        tcp.Send("answer"u8);
        byte[] got = new byte[6];
        Assert.Equal(6, client.Receive(got));
        Assert.Equal("answer"u8.ToArray(), got);
        client.Shutdown(SocketShutdown.Send);
        tcp.WaitForEnd();
        tcp.End();
        Assert.Equal(0, client.Receive(got));
    }

    [Fact]
    public void A_port_of_the_guests_network_leads_to_the_host_even_if_all_else_is_forbidden()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var guest = new FakeGuest(new UserNetworkOptions
        {
            IsRestricted = true,
            GuestForwards = [new GuestForward(new SocketAddress4(0x0a00_0264, 80), new SocketAddress4(SocketAddress4.Loopback, Port(listener)), null)],
        });
        var tcp = new FakeTcp(guest, 0x0a00_0264, 80, 40_009);
        tcp.Connect();
        using Socket peer = listener.AcceptSocket();
        peer.Send("hello"u8);
        tcp.Receive(5);
        Assert.Equal("hello"u8.ToArray(), tcp.Received);
        var other = new FakeTcp(guest, 0x0808_0808, 80, 40_010);
        other.BeginConnect();
        other.WaitForReset();
    }

    [Fact]
    public async Task A_thousand_connections_at_once_each_get_their_own_answer()
    {
        const int Count = 1000;
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(Count);
        Task echo = Task.Run(() => EchoMany(listener, Count));
        List<FakeTcp> connections = [.. Enumerable.Range(0, Count).Select(i => new FakeTcp(guest, FakeGuest.Gateway, Port(listener), (ushort)(20_000 + i)))];
        foreach (FakeTcp tcp in connections)
        {
            tcp.BeginConnect();
            tcp.FinishConnect();
        }

        Assert.Equal(Count, guest.Network.ConnectionCount);
        for (int i = 0; i < Count; i++)
        {
            connections[i].Send(BitConverter.GetBytes(i));
        }

        for (int i = 0; i < Count; i++)
        {
            connections[i].Receive(4);
            Assert.Equal(i, BitConverter.ToInt32(connections[i].Received));
            connections[i].End();
        }

        await echo;
    }

    [Fact]
    public void A_flood_of_connections_stays_bounded_and_the_network_stays_alive()
    {
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(1);
        for (int i = 0; i < 8000; i++)
        {
            new FakeTcp(guest, FakeGuest.Gateway, Port(listener), (ushort)(1024 + i)).BeginConnect();
            guest.Forget();
        }

        guest.Introduce();
        Assert.InRange(guest.Network.ConnectionCount, 0, 4096);
    }

    [Fact]
    public void A_machine_that_was_restored_gets_a_reset_for_connections_of_another_time()
    {
        using var guest = new FakeGuest(WithLoopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var tcp = new FakeTcp(guest, FakeGuest.Gateway, Port(listener), 40_011);
        tcp.Connect();
        using Socket peer = listener.AcceptSocket();
        guest.Cable.Card.ReportRestored();
        Assert.Throws<SocketException>(() => peer.Receive(new byte[1]));
        tcp.SendSegment(FakeTcp.Ack, "x"u8);
        tcp.WaitForReset();
    }

    private static ushort Port(TcpListener listener) => (ushort)((IPEndPoint)listener.LocalEndpoint).Port;

    private static byte[] RandomBytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] EchoReversed(TcpListener listener)
    {
        using Socket peer = listener.AcceptSocket();
        using var all = new MemoryStream();
        using var stream = new NetworkStream(peer);
        stream.CopyTo(all);
        byte[] got = all.ToArray();
        byte[] reversed = [.. got];
        Array.Reverse(reversed);
        stream.Write(reversed);
        peer.Shutdown(SocketShutdown.Send);
        return got;
    }

    private static async Task EchoMany(TcpListener listener, int count)
    {
        List<Task> tasks = [];
        for (int i = 0; i < count; i++)
        {
            Socket peer = await listener.AcceptSocketAsync();
            tasks.Add(Task.Run(async () =>
            {
                using var stream = new NetworkStream(peer, ownsSocket: true);
                byte[] four = new byte[4];
                await stream.ReadExactlyAsync(four);
                await stream.WriteAsync(four);
                // Until the guest has ended.
                Assert.Equal(0, await stream.ReadAsync(four));
            }));
        }

        await Task.WhenAll(tasks);
    }
}
