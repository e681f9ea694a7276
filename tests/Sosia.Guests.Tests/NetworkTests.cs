using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Host.Linux.Network;
using Sosia.Machines;
using Sosia.Machines.Firmware;
using Sosia.Net;
using Sosia.Net.Backends;
using Sosia.Net.User;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>Linux and iPXE with network cards, and programs of the host at the other end.</summary>
[Trait("Category", "Boot")]
public sealed class NetworkTests
{
    internal const string AskForAddress =
        "printf '#!/bin/sh\\n[ \"$1\" = bound ] && ip addr add $ip/24 dev eth0 && ip route add default via $router\\n' > /tmp/d; chmod +x /tmp/d; ip link set eth0 up; udhcpc -i eth0 -n -q -s /tmp/d";

    private static readonly Lazy<ushort> _freePort = new(FindFreePort);

    [Theory]
    [InlineData("virtio")]
    [InlineData("e1000")]
    public async Task A_Linux_guest_gets_an_address_pings_the_gateway_and_moves_megabytes_both_ways(string model)
    {
        byte[] data = new byte[4 << 20];
        new Random(1).NextBytes(data);
        using var down = new TcpListener(IPAddress.Loopback, 0);
        down.Start();
        Task sending = Task.Run(async () =>
        {
            using Socket peer = await down.AcceptSocketAsync();
            await peer.SendAsync(data);
            peer.Shutdown(SocketShutdown.Send);
            _ = await peer.ReceiveAsync(new byte[1]);
        });
        using var up = new TcpListener(IPAddress.Loopback, 0);
        up.Start();
        Task<string> receiving = Task.Run(async () =>
        {
            using Socket peer = await up.AcceptSocketAsync();
            using var stream = new NetworkStream(peer);
            return Convert.ToHexStringLower(await MD5.HashDataAsync(stream));
        });
        using VirtualMachine vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.RealTime) with
        {
            Networks = [NetworkOptions.Parse($"user,model={model},allow-host-loopback=on,hostfwd=tcp:127.0.0.1:0-:7777")],
        });
        vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
        EmbeddedGuest.Command(vm, AskForAddress);
        Assert.Contains("inet 10.0.2.15/24", EmbeddedGuest.Command(vm, "ip addr show eth0"), StringComparison.Ordinal);
        Assert.Contains("1 packets received", EmbeddedGuest.Command(vm, "ping -c 1 10.0.2.2"), StringComparison.Ordinal);
        Assert.Contains(
            Convert.ToHexStringLower(MD5.HashData(data)),
            EmbeddedGuest.Command(vm, $"nc 10.0.2.2 {Port(down)} < /dev/null | md5sum"),
            StringComparison.Ordinal);
        string sum = EmbeddedGuest.Command(vm, $"dd if=/dev/urandom of=/tmp/x bs=64k count=64 2>/dev/null; nc 10.0.2.2 {Port(up)} < /tmp/x; md5sum /tmp/x");
        Assert.Contains(await receiving, sum, StringComparison.Ordinal);
        await sending;

        // A client of the host, through the forwarded port. It comes when the guest listens, and goes when it has heard all: nc ends when its peer does, heard or not.
        EmbeddedGuest.Command(vm, "echo hello from the guest | nc -l -p 7777 & until grep -q :1E61.*0A /proc/net/tcp; do sleep 1; done");
        Task<string?> answer = Task.Run(async () =>
        {
            using var one = new TcpClient();
            await one.ConnectAsync(IPAddress.Loopback, ((UserNetwork)vm.Machine.Networks[0]).HostPorts[0].Port);
            using var reader = new StreamReader(one.GetStream());
            return await reader.ReadLineAsync();
        });
        EmbeddedGuest.Command(vm, "wait");
        Assert.Equal("hello from the guest", await answer);
    }

    [Theory]
    [InlineData(NetworkKind.Switch)]
    [InlineData(NetworkKind.Socket)]
    public async Task Two_guests_talk_over_a_switch_and_over_a_socket(NetworkKind kind)
    {
        using var network = new LearningSwitch();
        VirtualMachine[] machines = [.. Enumerable.Range(0, 2).Select(i => VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.RealTime) with
        {
            Networks = [Neighbour(kind, network, i)],
        }))];
        try
        {
            Task[] boots = [.. machines.Select((vm, i) => Task.Run(() =>
            {
                vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
                EmbeddedGuest.Command(vm, string.Create(CultureInfo.InvariantCulture, $"ip addr add 10.1.1.{i + 1}/24 dev eth0; ip link set eth0 up"));
            }))];
            await Task.WhenAll(boots);
            machines[0].Console.Send("nc -l -p 99 | md5sum\n");
            machines[0].Console.Expect("\r\n", EmbeddedGuest.Patience);
            Task<string> got = Task.Run(() => machines[0].Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience));
            string sent = await Task.Run(() => EmbeddedGuest.Command(machines[1], "dd if=/dev/urandom of=/tmp/x bs=64k count=16 2>/dev/null; until nc 10.1.1.1 99 < /tmp/x; do sleep 1; done; md5sum < /tmp/x"));
            Assert.Equal(sent.Trim().Split(' ')[^2..], (await got).Trim().Split(' ')[^2..]);
        }
        finally
        {
            foreach (VirtualMachine vm in machines)
            {
                vm.Dispose();
            }
        }
    }

    // One card each: iPXE waits 15 s for an IPv6 router before it goes on.
    [IpxeFact("ne2k_pci")]
    public void IPXE_starts_what_TFTP_serves()
    {
        string folder = Directory.CreateTempSubdirectory("sosia-tftp-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "boot.ipxe"), "#!ipxe\necho this script came by ${net0/ip} from ${next-server}\n");
            BootFromNetwork("ne2k_pci", $"tftp={folder},bootfile=boot.ipxe", "this script came by 10.0.2.15 from 10.0.2.2");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [IpxeFact("e1000")]
    public void IPXE_starts_what_a_web_server_of_the_host_serves()
    {
        using var server = new WebServer(path => path == "/boot.ipxe" ? "#!ipxe\necho this script came by ${net0/ip} over the web\n"u8.ToArray() : null);
        BootFromNetwork("e1000", $"allow-host-loopback=on,bootfile=http://10.0.2.2:{server.Port}/boot.ipxe", "this script came by 10.0.2.15 over the web");
    }

    // The socket's port is one that was free a moment ago.
    private static NetworkOptions Neighbour(NetworkKind kind, LearningSwitch network, int index) => new()
    {
        Kind = kind,
        Switch = network,
        Address = new SocketAddress4(SocketAddress4.Loopback, _freePort.Value),
        Listens = index == 0,
        Model = index == 0 ? NetworkModel.Virtio : NetworkModel.E1000,
        Mac = new(0x5254_0000_0001 + (ulong)index),
    };

    private static ushort FindFreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (ushort)Port(listener);
    }

    private static void BootFromNetwork(string model, string options, string expected)
    {
        using VirtualMachine vm = VirtualMachine.Create(new MachineOptions
        {
            Boot = BootOptions.Parse("n"),
            Vga = "none",
            Networks = [NetworkOptions.Parse($"user,model={model},rom={IpxeFactAttribute.RomOf(model)},{options}")],
            NoReboot = true,
        });
        // Afterwards the firmware looks for disks, and waits for ever.
        vm.Console.Expect(expected, TimeSpan.FromMinutes(4));
    }

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;
}
