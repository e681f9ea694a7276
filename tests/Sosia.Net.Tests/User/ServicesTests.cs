using System;
using System.Buffers.Binary;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sosia.Core;
using Sosia.Host.Linux.Network;
using Sosia.Net.Frames;
using Sosia.Net.Tests.Support;
using Sosia.Net.User;
using Xunit;

namespace Sosia.Net.Tests.User;

public sealed class ServicesTests
{
    [Fact]
    public void The_gateway_answers_arp_and_pings()
    {
        using var guest = new FakeGuest();
        byte[] request = Convert.FromHexString("ffffffffffff525400123456080600010800060400015254001234560a00020f0000000000000a000202");
        guest.Send(request);
        byte[] answer = guest.Next(f => f[12] == 8 && f[13] == 6, "ARP answer");
        Assert.Equal(FakeGuest.GatewayMac, MacAddress.Read(answer.AsSpan(22)));
        Assert.Equal(guest.Mac, MacAddress.Read(answer));
        Assert.Equal(FakeGuest.Gateway, BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(28)));
        guest.Introduce();
    }

    [Fact]
    public void Pings_to_elsewhere_are_prohibited_in_so_many_words()
    {
        using var guest = new FakeGuest();
        byte[] echo = [8, 0, 0xf7, 0xfd, 0, 1, 0, 1];
        guest.Send(guest.Packet(1, 0x0808_0808, echo));
        byte[] answer = guest.Next(f => FakeGuest.IsIcmp(f, 3), "ICMP unreachable");
        Assert.Equal(9, answer[35]);
        Assert.Equal(echo, answer[^8..]);
    }

    [Fact]
    public void Dhcp_gives_the_usual_addresses_in_turn_and_keeps_them()
    {
        using var guest = new FakeGuest(new UserNetworkOptions { BootFile = "boot.ipxe", HostName = "sosia" });
        byte[] offer = Dhcp(guest, guest.Mac, 1, null);
        Assert.Equal(FakeGuest.Address, BinaryPrimitives.ReadUInt32BigEndian(offer.AsSpan(16)));
        Assert.Equal([2], Option(offer, 53));
        Assert.Equal([255, 255, 255, 0], Option(offer, 1));
        Assert.Equal([10, 0, 2, 2], Option(offer, 3));
        Assert.Equal([10, 0, 2, 3], Option(offer, 6));
        Assert.Equal("boot.ipxe"u8.ToArray(), Option(offer, 67));
        Assert.Equal("sosia"u8.ToArray(), Option(offer, 12));
        byte[] acknowledgment = Dhcp(guest, guest.Mac, 3, FakeGuest.Address);
        Assert.Equal([5], Option(acknowledgment, 53));
        byte[] other = Dhcp(guest, new MacAddress(0x5254_0000_0001), 1, null);
        Assert.Equal(FakeGuest.Address + 1, BinaryPrimitives.ReadUInt32BigEndian(other.AsSpan(16)));
        byte[] refusal = Dhcp(guest, new MacAddress(0x5254_0000_0001), 3, 0x0a00_0299);
        Assert.Equal([6], Option(refusal, 53));
        Assert.Equal(FakeGuest.Address, BinaryPrimitives.ReadUInt32BigEndian(Dhcp(guest, guest.Mac, 1, null).AsSpan(16)));
    }

    [Fact]
    public void A_storm_of_dhcp_requests_leaves_the_network_working()
    {
        var server = new DhcpServer(new UserNetworkOptions());
        byte[] reply = new byte[1500];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] request = DhcpRequest(new MacAddress((ulong)i), 1, null);
            Assert.NotEqual(0, server.Answer(request, reply, out (MacAddress Mac, uint Address) client));
            Assert.Equal(0x0a00_0200u, client.Address & 0xffff_ff00);
            Assert.InRange(client.Address & 0xff, 15u, 254u);
        }

        Assert.InRange(server.LeaseCount, 1, 256);
    }

    [Fact]
    public void Datagrams_reach_a_program_of_the_host_in_fragments_too_and_so_do_its_answers()
    {
        using var guest = new FakeGuest(new UserNetworkOptions { AllowsHostLoopback = true });
        using var peer = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        ushort port = (ushort)((IPEndPoint)peer.Client.LocalEndPoint!).Port;
        guest.SendUdp(5000, FakeGuest.Gateway, port, "short"u8);
        IPEndPoint from = new(0, 0);
        Assert.Equal("short"u8.ToArray(), peer.Receive(ref from));
        peer.Send("answer"u8, from);
        Assert.Equal("answer"u8.ToArray(), guest.Next(f => FakeGuest.IsUdp(f, port, 5000), "answer")[42..]);

        byte[] data = new byte[3000];
        new Random(5).NextBytes(data);
        byte[] datagram = FakeGuest.Datagram(FakeGuest.Address, 5000, FakeGuest.Gateway, port, data);
        guest.Send(guest.Packet(17, FakeGuest.Gateway, datagram.AsSpan(1480, 1480), fragment: 0x2000 | 185, identification: 7));
        guest.Send(guest.Packet(17, FakeGuest.Gateway, datagram.AsSpan(2960), fragment: 370, identification: 7));
        guest.Send(guest.Packet(17, FakeGuest.Gateway, datagram.AsSpan(0, 1480), fragment: 0x2000, identification: 7));
        Assert.Equal(data, peer.Receive(ref from));
        peer.Send(data, from);
        byte[] first = guest.Next(f => f[12] == 8 && f[13] == 0 && f[23] == 17 && (f[20] & 0x20) != 0, "first fragment");
        Assert.Equal(1514, first.Length);
    }

    [Fact]
    public void Datagrams_do_not_reach_the_hosts_loopback_unless_allowed()
    {
        using var guest = new FakeGuest();
        using var peer = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        ushort port = (ushort)((IPEndPoint)peer.Client.LocalEndPoint!).Port;
        guest.SendUdp(5000, FakeGuest.Gateway, port, "no"u8);
        guest.SendUdp(5000, SocketAddress4.Loopback, port, "no"u8);
        guest.Introduce();
        Assert.Equal(0, peer.Available);
        Assert.Equal(0, guest.Network.FlowCount);
    }

    [Fact]
    public void A_forwarded_udp_port_of_the_host_leads_into_the_guest_and_back()
    {
        using var guest = new FakeGuest(new UserNetworkOptions { HostForwards = [new HostForward(true, new SocketAddress4(SocketAddress4.Loopback, 0), 0, 69)] });
        guest.Introduce();
        using var client = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        ushort port = (ushort)((IPEndPoint)client.Client.LocalEndPoint!).Port;
        client.Send("hello"u8, new IPEndPoint(IPAddress.Loopback, guest.Network.HostPorts[0].Port));
        byte[] frame = guest.Next(f => FakeGuest.IsUdp(f, port, 69), "datagram");
        Assert.Equal("hello"u8.ToArray(), frame[42..]);
        guest.SendUdp(69, FakeGuest.Gateway, port, "world"u8);
        IPEndPoint from = new(0, 0);
        Assert.Equal("world"u8.ToArray(), client.Receive(ref from));
    }

    [Fact]
    public void The_number_of_flows_is_bounded()
    {
        using var guest = new FakeGuest(new UserNetworkOptions { AllowsHostLoopback = true });
        for (int i = 0; i < 3000; i++)
        {
            guest.SendUdp((ushort)(1024 + i), FakeGuest.Gateway, 9, "x"u8);
            guest.Forget();
        }

        guest.Introduce();
        Assert.InRange(guest.Network.FlowCount, 1, 1024);
    }

    [Fact]
    public void Tftp_serves_a_file_in_blocks_of_the_size_that_was_agreed()
    {
        using var folder = new TemporaryFolder();
        byte[] content = new byte[10_000];
        new Random(6).NextBytes(content);
        Directory.CreateDirectory(Path.Combine(folder.Path, "sub"));
        File.WriteAllBytes(Path.Combine(folder.Path, "sub", "kernel"), content);
        using var guest = new FakeGuest(new UserNetworkOptions { TftpFolder = folder.Path });
        guest.Introduce();
        Assert.Equal(content, TftpRead(guest, "/sub/kernel", "blksize\01024\0tsize\00\0", out string options));
        Assert.Equal("blksize\01024\0tsize\010000\0", options);
        File.WriteAllBytes(Path.Combine(folder.Path, "even"), content[..1024]);
        Assert.Equal(content[..1024], TftpRead(guest, "even", string.Empty, out _));
    }

    [Fact]
    public void Tftp_names_do_not_lead_out_of_the_folder()
    {
        using var folder = new TemporaryFolder();
        string served = Path.Combine(folder.Path, "served");
        Directory.CreateDirectory(served);
        File.WriteAllText(Path.Combine(folder.Path, "secret"), "secret");
        File.CreateSymbolicLink(Path.Combine(served, "link"), Path.Combine(folder.Path, "secret"));
        File.CreateSymbolicLink(Path.Combine(served, "up"), "..");
        File.WriteAllText(Path.Combine(served, "file"), "file");
        File.CreateSymbolicLink(Path.Combine(served, "inside"), "file");
        using var guest = new FakeGuest(new UserNetworkOptions { TftpFolder = served });
        guest.Introduce();
        foreach (string name in (string[])["../secret", "/../secret", "..\\secret", "link", "up/secret", "/etc/passwd", "", ".", "a\0b"])
        {
            guest.SendUdp(3000, FakeGuest.Gateway, 69, Encoding.ASCII.GetBytes($"\0\u0001{name}\0octet\0"));
            byte[] answer = guest.Next(f => FakeGuest.IsUdp(f, 69, 3000), "TFTP answer");
            Assert.Equal(5, answer[43]);
        }

        Assert.Equal("file"u8.ToArray(), TftpRead(guest, "inside", string.Empty, out _));
    }

    [Fact]
    public void A_busy_port_or_a_missing_folder_is_one_clear_sentence()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        ushort port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
        SosiaException busy = Assert.Throws<SosiaException>(() => new FakeGuest(new UserNetworkOptions
        {
            HostForwards = [new HostForward(false, new SocketAddress4(SocketAddress4.Loopback, port), 0, 22)],
        }));
        Assert.Contains($"127.0.0.1:{port}", busy.Message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/at/all", Assert.Throws<SosiaException>(() => new FakeGuest(new UserNetworkOptions { TftpFolder = "/nowhere/at/all" })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Frames_of_garbage_harm_nobody(int seed)
    {
        using var folder = new TemporaryFolder();
        using var guest = new FakeGuest(new UserNetworkOptions { TftpFolder = folder.Path, IsRestricted = true });
        var random = new Random(seed);
        byte[][] good =
        [
            guest.Packet(17, FakeGuest.Gateway, FakeGuest.Datagram(FakeGuest.Address, 68, FakeGuest.Gateway, 67, DhcpRequest(guest.Mac, 1, null))),
            guest.Packet(17, FakeGuest.Gateway, FakeGuest.Datagram(FakeGuest.Address, 3000, FakeGuest.Gateway, 69, "\0\u0001file\0octet\0blksize\01024\0"u8)),
            guest.Packet(6, FakeGuest.Gateway, [0x10, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x70, 2, 1, 0, 0, 0, 0, 0, 2, 4, 5, 0xb4, 1, 3, 3, 4]),
            guest.Packet(1, FakeGuest.Gateway, [8, 0, 0xf7, 0xfd, 0, 1, 0, 1]),
            guest.Packet(17, FakeGuest.Gateway, new byte[1480], fragment: 0x2000),
            Convert.FromHexString("ffffffffffff525400123456080600010800060400015254001234560a00020f0000000000000a000202"),
        ];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] frame = [.. good[random.Next(good.Length)]];
            for (int changes = random.Next(6); changes > 0; changes--)
            {
                frame[random.Next(random.Next(2) == 0 ? Math.Min(54, frame.Length) : frame.Length)] = (byte)random.Next(256);
            }

            if (random.Next(3) != 0 && frame[12] == 8 && frame[13] == 0 && (frame[14] & 15) * 4 + 14 <= frame.Length)
            {
                // With a header that is right, what is in it is looked at.
                Span<byte> ip = frame.AsSpan(14, (frame[14] & 15) * 4);
                if (ip.Length >= 20)
                {
                    ip.Slice(10, 2).Clear();
                    BinaryPrimitives.WriteUInt16BigEndian(ip[10..], FakeGuest.NaiveChecksum(ip, 0));
                }
            }

            guest.Send(frame.AsSpan(0, random.Next(8) == 0 ? random.Next(15, frame.Length) : frame.Length), random.Next(4) == 0 ? new FrameOffload(34, 6, 0) : default);
            guest.Forget();
        }

        guest.Introduce();
    }

    [Fact]
    public void The_hosts_name_server_is_found_in_its_file()
    {
        Assert.Equal(new SocketAddress4(0x7f00_0035, 53), HostResolver.Parse("# a comment\nsearch x\nnameserver ::1\nnameserver\t127.0.0.53 \noptions edns0\n"));
        Assert.Null(HostResolver.Parse("nameserver fe80::1\nnameserver\n"));
    }

    private static byte[] TftpRead(FakeGuest guest, string name, string options, out string acceptedOptions)
    {
        acceptedOptions = string.Empty;
        guest.SendUdp(3001, FakeGuest.Gateway, 69, Encoding.ASCII.GetBytes($"\0\u0001{name}\0octet\0{options}"));
        using var content = new MemoryStream();
        while (true)
        {
            byte[] body = guest.Next(f => FakeGuest.IsUdp(f, 69, 3001), "TFTP block")[42..];
            Assert.True(body[1] is 3 or 6);
            if (body[1] == 6)
            {
                acceptedOptions = Encoding.ASCII.GetString(body.AsSpan(2));
                guest.SendUdp(3001, FakeGuest.Gateway, 69, [0, 4, 0, 0]);
                continue;
            }

            content.Write(body.AsSpan(4));
            guest.SendUdp(3001, FakeGuest.Gateway, 69, [0, 4, body[2], body[3]]);
            if (body.Length - 4 < (acceptedOptions.Length == 0 ? 512 : 1024))
            {
                return content.ToArray();
            }
        }
    }

    private static byte[] DhcpRequest(MacAddress mac, byte type, uint? requested)
    {
        byte[] request = new byte[300];
        request[0] = request[1] = 1;
        request[2] = 6;
        mac.Write(request.AsSpan(28));
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(236), 0x6382_5363);
        request[240] = 53;
        request[241] = 1;
        request[242] = type;
        int at = 243;
        if (requested is { } address)
        {
            request[at] = 50;
            request[at + 1] = 4;
            BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(at + 2), address);
            at += 6;
        }

        request[at] = 255;
        return request;
    }

    private static byte[] Dhcp(FakeGuest guest, MacAddress mac, byte type, uint? requested)
    {
        guest.SendUdp(68, uint.MaxValue, 67, DhcpRequest(mac, type, requested), source: 0);
        return guest.Next(f => FakeGuest.IsUdp(f, 67, 68), "DHCP answer")[42..];
    }

    private static byte[]? Option(byte[] reply, byte code)
    {
        for (int at = 240; reply[at] != 255; at += 2 + reply[at + 1])
        {
            if (reply[at] == code)
            {
                return reply[(at + 2)..(at + 2 + reply[at + 1])];
            }
        }

        return null;
    }
}
