using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Sosia.Core;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Network;
using Sosia.Net.Frames;

namespace Sosia.Net.User;

/// <summary>
/// A network of its own for the guests behind one cable, with the host as gateway, that needs no privileges: what guests send to other networks goes through
/// ordinary sockets of this process (IPv4: TCP, UDP; ICMP echo for the gateway). DHCP gives addresses, DNS is relayed, TFTP serves a folder. One thread
/// does it all. Whatever guests send, tables and memory stay bounded, and only they come off worse.
/// </summary>
public sealed class UserNetwork : INetworkBackend
{
    private const int FramesPerTurn = 256;
    private const int ConnectionsPerTurn = 64;
    private const int MaxWaitMilliseconds = 1000;
    private const long HousekeepingMilliseconds = 1000;
    private const ushort DnsPort = 53;
    private const int MinFrame = 14;

    private readonly UserNetworkOptions _options;
    private readonly CableEnd _cable;
    private readonly PollLoop _loop = new();
    private readonly GuestSide _guest;
    private readonly TcpTable _tcp;
    private readonly UdpTable _udp;
    private readonly DhcpServer _dhcp;
    private readonly TftpServer? _tftp;
    private readonly FragmentAssembler _fragments = new();
    private readonly HostResolver _resolver = new();
    private readonly byte[] _datagram = new byte[GuestSide.MaxPacketByteCount];
    private readonly List<SocketAddress4> _ports = [];
    private readonly List<PollTarget> _listeners = [];
    private readonly Thread _thread;
    private volatile bool _isStopping;
    private volatile bool _mustForget;
    private long _now;
    private long _housekeepingAt;
    private long _dropped;

    /// <summary>Opens the ports of the host and starts.</summary>
    /// <param name="cable">The end of the cable to the guests.</param>
    /// <param name="options">The network.</param>
    /// <exception cref="SosiaException">A port or a folder cannot be used.</exception>
    public UserNetwork(CableEnd cable, UserNetworkOptions options)
    {
        ArgumentNullException.ThrowIfNull(cable);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _cable = cable;
        _guest = new GuestSide(cable, options);
        _tcp = new TcpTable(_loop, _guest, cable, Connect);
        _udp = new UdpTable(_loop, _guest, options, Map, ReportUnreachable);
        _dhcp = new DhcpServer(options);
        try
        {
            _tftp = options.TftpFolder is { } folder ? new TftpServer(folder, _guest) : null;
            foreach (HostForward forward in options.HostForwards)
            {
                Listen(forward);
            }
        }
        catch
        {
            _tftp?.Dispose();
            _loop.Dispose();
            throw;
        }

        cable.AcceptsOffloads = true;
        cable.Wake = _loop.Wake;
        cable.PeerRestored = () =>
        {
            _mustForget = true;
            _loop.Wake();
        };
        _thread = new Thread(Run) { IsBackground = true, Name = "user network" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public string Description => $"user network {SocketAddress4.Format(_options.Network)}/{_options.PrefixLength}";

    /// <summary>Where the forwards of <see cref="UserNetworkOptions.HostForwards"/> listen, in their order.</summary>
    public IReadOnlyList<SocketAddress4> HostPorts => _ports;

    /// <summary>How many frames from guests made no sense.</summary>
    public long DroppedFrames => Interlocked.Read(ref _dropped);

    /// <summary>How many TCP connections there are. A glance, from any thread.</summary>
    public int ConnectionCount => _tcp.Count;

    /// <summary>How many UDP flows there are. A glance, from any thread.</summary>
    public int FlowCount => _udp.Count;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isStopping)
        {
            return;
        }

        _isStopping = true;
        _loop.Wake();
        _thread.Join();
        _cable.Wake = null;
        _cable.PeerRestored = null;
        _tftp?.Dispose();
        _loop.Dispose();
    }

    private static bool IsLoopback(uint address) => address >> 24 == 127;

    private void Run()
    {
        while (!_isStopping)
        {
            _now = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000);
            _tcp.Now = _udp.Now = _now;
            if (_mustForget)
            {
                _mustForget = false;
                _tcp.Clear();
                _udp.Clear();
                _tftp?.Clear();
            }

            bool isBusy = TakeFrames();
            _tcp.RunTimers();
            if (_now >= _housekeepingAt)
            {
                _housekeepingAt = _now + HousekeepingMilliseconds;
                _udp.RunTimers();
                _tftp?.RunTimers(_now);
            }

            _tcp.Output();
            isBusy = isBusy || !_cable.AskForFrame();
            _loop.Wait(isBusy ? 0 : (int)Math.Clamp(_tcp.NextTimer - _now, 0, MaxWaitMilliseconds));
        }

        _tcp.Clear();
        _udp.Clear();
    }

    // True when there may be more.
    private bool TakeFrames()
    {
        for (int i = 0; i < FramesPerTurn; i++)
        {
            if (!_cable.TryPeek(out Span<byte> frame, out FrameOffload offload))
            {
                return false;
            }

            if (!Take(frame, offload))
            {
                Interlocked.Increment(ref _dropped);
            }

            _cable.Release();
        }

        return true;
    }

    // False for a frame that makes no sense.
    private bool Take(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (frame.Length < MinFrame)
        {
            return false;
        }

        var destination = MacAddress.Read(frame);
        var source = MacAddress.Read(frame[6..]);
        ReadOnlySpan<byte> payload = frame[GuestSide.EthernetByteCount..];
        switch (BinaryPrimitives.ReadUInt16BigEndian(frame[12..]))
        {
            case GuestSide.TypeArp:
                return TakeArp(payload, source);
            case GuestSide.TypeIp:
                // What other stations tell each other is none of our business; group addresses other than all are for nobody here.
                return (destination != _guest.Address && destination != MacAddress.Broadcast) || TakePacket(payload, source, offload);
            default:
                return true;
        }
    }

    private bool TakeArp(ReadOnlySpan<byte> arp, MacAddress source)
    {
        if (arp.Length < 28 || BinaryPrimitives.ReadUInt64BigEndian(arp) >> 16 != 0x0001_0800_0604 || MacAddress.Read(arp[8..]) != source)
        {
            return false;
        }

        uint sender = BinaryPrimitives.ReadUInt32BigEndian(arp[14..]);
        uint target = BinaryPrimitives.ReadUInt32BigEndian(arp[24..]);
        if (target != sender)
        {
            Learn(sender, source);
        }

        if (arp[7] == 1 && IsOurs(target) && target != sender)
        {
            _guest.SendArp(2, target, source, sender);
        }

        return true;
    }

    private void Learn(uint address, MacAddress mac)
    {
        if (_guest.Learn(address, mac))
        {
            _tcp.NeighbourAppeared(address);
        }
    }

    // The gateway, the name server, and what forwards have in the guest's network.
    private bool IsOurs(uint address)
    {
        if (address == _options.GatewayAddress || address == _options.DnsAddress)
        {
            return true;
        }

        foreach (GuestForward forward in _options.GuestForwards)
        {
            if (forward.Guest.Address == address)
            {
                return true;
            }
        }

        return false;
    }

    private bool TakePacket(ReadOnlySpan<byte> bytes, MacAddress source, in FrameOffload offload)
    {
        if (!Ip4Packet.TryParse(bytes, out Ip4Packet packet))
        {
            return false;
        }

        if (packet.Source != 0)
        {
            if (!_options.IsInNetwork(packet.Source) || IsOurs(packet.Source))
            {
                return false;
            }

            Learn(packet.Source, source);
        }

        bool isChecked = offload.NeedsChecksum;
        if (packet.IsFragment)
        {
            byte[]? whole = _fragments.Add(packet, _now);
            if (whole is null)
            {
                return true;
            }

            packet = packet.With(whole);
            isChecked = false;
        }

        switch (packet.Protocol)
        {
            case GuestSide.Icmp:
                return TakeIcmp(packet);
            case GuestSide.Udp:
                return TakeUdp(packet, isChecked);
            case GuestSide.Tcp when packet.Source == 0 || packet.Destination == uint.MaxValue:
                return false;
            case GuestSide.Tcp:
                if (!isChecked && !packet.HasValidTransportChecksum())
                {
                    return false;
                }

                _tcp.Receive(packet);
                return true;
            default:
                return true;
        }
    }

    private bool TakeIcmp(in Ip4Packet packet)
    {
        const byte EchoRequest = 8;
        ReadOnlySpan<byte> message = packet.Payload;
        if (message.Length < 8 || packet.Source == 0 || InternetChecksum.Finish(InternetChecksum.Add(message)) != 0)
        {
            return false;
        }

        if (message[0] != EchoRequest || message[1] != 0)
        {
            return true;
        }

        if (!IsOurs(packet.Destination))
        {
            // "Communication with destination network is administratively prohibited": pings to elsewhere would need privileges.
            SendUnreachable(packet, 9);
            return true;
        }

        byte[] answer = message.ToArray();
        answer[0] = 0;
        answer[2] = answer[3] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(2), InternetChecksum.Finish(InternetChecksum.Add(answer)));
        _guest.Send(packet.Destination, packet.Source, GuestSide.Icmp, answer);
        return true;
    }

    private bool TakeUdp(in Ip4Packet packet, bool isChecked)
    {
        ReadOnlySpan<byte> payload = packet.Payload;
        if (payload.Length < UdpTable.HeaderByteCount)
        {
            return false;
        }

        int byteCount = BinaryPrimitives.ReadUInt16BigEndian(payload[4..]);
        bool hasChecksum = (payload[6] | payload[7]) != 0;
        if (byteCount < UdpTable.HeaderByteCount || byteCount > payload.Length || (!isChecked && hasChecksum && !packet.HasValidTransportChecksum()))
        {
            return false;
        }

        ReadOnlySpan<byte> data = payload[UdpTable.HeaderByteCount..byteCount];
        ushort sourcePort = BinaryPrimitives.ReadUInt16BigEndian(payload);
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
        bool isForGateway = packet.Destination == _options.GatewayAddress || packet.Destination == uint.MaxValue || packet.Destination == (_options.Network | ~_options.Mask);
        if (isForGateway && port == DhcpServer.ServerPort)
        {
            AnswerDhcp(data);
            return true;
        }

        if (packet.Source == 0)
        {
            return false;
        }

        if (isForGateway && port == TftpServer.Port && _tftp is not null)
        {
            _tftp.Receive(_options.GatewayAddress, packet.Source, sourcePort, data, _now);
            return true;
        }

        _udp.Send(packet, data);
        return true;
    }

    private void AnswerDhcp(ReadOnlySpan<byte> request)
    {
        int byteCount = _dhcp.Answer(request, _datagram, out (MacAddress Mac, uint Address) client);
        if (byteCount == 0)
        {
            return;
        }

        if (client.Address != 0)
        {
            Learn(client.Address, client.Mac);
        }

        // To all: the client may not take anything for its address yet.
        _guest.SendUdp(_datagram.AsSpan(0, byteCount), _options.GatewayAddress, DhcpServer.ServerPort, uint.MaxValue, DhcpServer.ClientPort);
    }

    // A datagram was answered by "nobody listens there" (RFC 792). The original's header is made anew from what is known of it.
    private void ReportUnreachable(UdpFlow flow)
    {
        Span<byte> message = stackalloc byte[8 + GuestSide.IpByteCount + UdpTable.HeaderByteCount];
        message.Clear();
        message[0] = 3;
        message[1] = 3;
        Span<byte> ip = message.Slice(8, GuestSide.IpByteCount);
        ip[0] = 0x45;
        ip[3] = GuestSide.IpByteCount + UdpTable.HeaderByteCount;
        ip[8] = 64;
        ip[9] = GuestSide.Udp;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], flow.Key.Guest);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], flow.Key.Remote);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Finish(InternetChecksum.Add(ip)));
        BinaryPrimitives.WriteUInt16BigEndian(message[(8 + GuestSide.IpByteCount)..], flow.Key.GuestPort);
        BinaryPrimitives.WriteUInt16BigEndian(message[(10 + GuestSide.IpByteCount)..], flow.Key.RemotePort);
        BinaryPrimitives.WriteUInt16BigEndian(message[(12 + GuestSide.IpByteCount)..], UdpTable.HeaderByteCount);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Finish(InternetChecksum.Add(message)));
        _guest.Send(flow.Key.Remote, flow.Key.Guest, GuestSide.Icmp, message);
    }

    private void SendUnreachable(in Ip4Packet packet, byte code)
    {
        Span<byte> message = stackalloc byte[8 + 60 + 8];
        message.Clear();
        message[0] = 3;
        message[1] = code;
        packet.Header.CopyTo(message[8..]);
        packet.Payload[..8].CopyTo(message[(8 + packet.Header.Length)..]);
        message = message[..(16 + packet.Header.Length)];
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Finish(InternetChecksum.Add(message)));
        _guest.Send(_options.GatewayAddress, packet.Source, GuestSide.Icmp, message);
    }

    // What a guest means by an address; null when it is not to be reached.
    private SocketAddress4? Map(SocketAddress4 wanted)
    {
        if (_options.IsRestricted)
        {
            return null;
        }

        if (wanted.Address == _options.DnsAddress)
        {
            return wanted.Port == DnsPort ? _resolver.Find(_now) : null;
        }

        if (wanted.Address == _options.GatewayAddress)
        {
            return _options.AllowsHostLoopback ? wanted with { Address = SocketAddress4.Loopback } : null;
        }

        // Address 0 means the loopback address to Linux. Link-local addresses often lead to what machines of a cloud keep secret from others.
        bool isForbidden = _options.IsInNetwork(wanted.Address) || IsLoopback(wanted.Address) || wanted.Address >> 24 == 0 || wanted.Address >> 28 >= 14
            || (wanted.Address >> 16 == 0xa9fe && !_options.AllowsHostLoopback);
        return isForbidden ? null : wanted;
    }

    private HostSocket? Connect(SocketAddress4 wanted)
    {
        string? path = null;
        SocketAddress4? address = null;
        foreach (GuestForward forward in _options.GuestForwards)
        {
            if (forward.Guest == wanted)
            {
                address = forward.Host;
                path = forward.UnixPath;
            }
        }

        address ??= Map(wanted);
        if (address is not { } target)
        {
            return null;
        }

        HostSocket? socket = path is null ? HostSocket.CreateStream(out int error) : HostSocket.CreateUnixStream(out error);
        if (socket is null)
        {
            return null;
        }

        error = path is null ? socket.Connect(target) : socket.ConnectUnix(path);
        if (error is 0 or SocketErrorNumber.InProgress)
        {
            return socket;
        }

        socket.Dispose();
        return null;
    }

    private void Listen(HostForward forward)
    {
        uint guest = forward.GuestAddress != 0 ? forward.GuestAddress : _options.FirstGuest;
        HostSocket? socket = forward.IsUdp ? HostSocket.CreateDatagram(out int error) : HostSocket.CreateStream(out error);
        if (socket is not null)
        {
            error = socket.Bind(forward.Host);
            if (error == 0 && !forward.IsUdp)
            {
                error = socket.Listen(1024);
            }
        }

        PollTarget listener = forward.IsUdp ? new UdpListener(forward, guest, _udp.ReceiveFromCallers) : new TcpListener(forward, guest, Accept);
        if (socket is null || error != 0 || !_loop.TryAdd(listener, socket, Readiness.Read))
        {
            socket?.Dispose();
            throw new SosiaException($"The host's {(forward.IsUdp ? "UDP" : "TCP")} port {forward.Host} of hostfwd= cannot be used ({HostError.Describe(error)}); choose another one.");
        }

        _listeners.Add(listener);
        _ports.Add(socket.LocalAddress);
    }

    private void Accept(TcpListener listener)
    {
        for (int i = 0; i < ConnectionsPerTurn; i++)
        {
            HostSocket? socket = listener.Socket!.Accept(out SocketAddress4 peer, out int error);
            if (socket is null)
            {
                if (error == SocketErrorNumber.TooManyFiles)
                {
                    // Callers wait in the host's queue until others have gone.
                    Thread.Sleep(1);
                }

                return;
            }

            // To the guest, callers on the host are at the gateway.
            SocketAddress4 source = IsLoopback(peer.Address) ? peer with { Address = _options.GatewayAddress } : peer;
            _tcp.Call(socket, source, listener.GuestAddress, listener.Forward.GuestPort);
        }
    }
}
