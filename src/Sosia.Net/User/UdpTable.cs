using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>All UDP flows of a network. Their number is bounded: the one that was not used for the longest time makes way for a new one.</summary>
internal sealed class UdpTable
{
    public const int HeaderByteCount = 8;

    private const int MaxFlows = 1024;
    private const int MaxPeers = 1024;
    private const long LifeMilliseconds = 120_000;
    private const long DnsLifeMilliseconds = 30_000;
    private const int DatagramsPerTurn = 32;
    private const ushort DnsPort = 53;

    private readonly Dictionary<TcpKey, UdpFlow> _flows = [];
    private readonly Dictionary<TcpKey, (UdpListener Listener, SocketAddress4 Peer, long LastUsed)> _callers = [];
    private readonly byte[] _buffer = new byte[ushort.MaxValue];
    private readonly PollLoop _loop;
    private readonly GuestSide _guest;
    private readonly UserNetworkOptions _options;
    private readonly Func<SocketAddress4, SocketAddress4?> _map;
    private readonly Action<UdpFlow> _refused;

    /// <summary>Creates an empty table.</summary>
    /// <param name="loop">Looks after the sockets.</param>
    /// <param name="guest">The way to the guests.</param>
    /// <param name="options">The network.</param>
    /// <param name="map">What a guest means by an address; null when it is not to be reached.</param>
    /// <param name="refused">Told that the host has heard that nobody listens where a flow leads.</param>
    public UdpTable(PollLoop loop, GuestSide guest, UserNetworkOptions options, Func<SocketAddress4, SocketAddress4?> map, Action<UdpFlow> refused)
    {
        _loop = loop;
        _guest = guest;
        _options = options;
        _map = map;
        _refused = refused;
    }

    public long Now { get; set; }

    public int Count => _flows.Count;

    /// <summary>A datagram from a guest that is not for the network itself.</summary>
    public void Send(in Ip4Packet packet, ReadOnlySpan<byte> data)
    {
        var key = new TcpKey(
            packet.Source,
            BinaryPrimitives.ReadUInt16BigEndian(packet.Payload),
            packet.Destination,
            BinaryPrimitives.ReadUInt16BigEndian(packet.Payload[2..]));
        if (_callers.TryGetValue(key, out var caller))
        {
            _callers[key] = caller with { LastUsed = Now };
            _ = caller.Listener.Socket?.SendTo(data, caller.Peer);
            return;
        }

        if (!_flows.TryGetValue(key, out UdpFlow? flow))
        {
            flow = Open(key);
            if (flow is null)
            {
                return;
            }
        }

        flow.LastUsed = Now;
        if (flow.Socket!.Send(data) == -SocketErrorNumber.ConnectionRefused)
        {
            // That was the answer to an earlier one.
            _ = flow.Socket.Send(data);
        }
    }

    public void ReceiveFromHost(UdpFlow flow)
    {
        for (int i = 0; i < DatagramsPerTurn && flow.Socket is { } socket; i++)
        {
            int count = socket.Receive(_buffer.AsSpan(HeaderByteCount, ushort.MaxValue - HeaderByteCount - GuestSide.IpByteCount));
            if (count == -SocketErrorNumber.ConnectionRefused)
            {
                _refused(flow);
                return;
            }

            if (count < 0)
            {
                return;
            }

            flow.LastUsed = Now;
            _guest.SendUdp(_buffer.AsSpan(0, HeaderByteCount + count), flow.Key.Remote, flow.Key.RemotePort, flow.Key.Guest, flow.Key.GuestPort);
        }
    }

    /// <summary>Datagrams have come to a port of the host that leads into the guest.</summary>
    public void ReceiveFromCallers(UdpListener listener)
    {
        for (int i = 0; i < DatagramsPerTurn; i++)
        {
            int count = listener.Socket!.ReceiveFrom(_buffer.AsSpan(HeaderByteCount, ushort.MaxValue - HeaderByteCount - GuestSide.IpByteCount), out SocketAddress4 peer);
            if (count == -HostError.WouldBlock || count == -HostError.Interrupted)
            {
                return;
            }

            if (count < 0)
            {
                continue;
            }

            // To the guest, callers on the host are at the gateway.
            uint source = peer.Address >> 24 == 127 ? _options.GatewayAddress : peer.Address;
            var key = new TcpKey(listener.GuestAddress, listener.Forward.GuestPort, source, peer.Port);
            if (_callers.Count >= MaxPeers && !_callers.ContainsKey(key))
            {
                ForgetOldestCaller();
            }

            _callers[key] = (listener, peer, Now);
            _guest.SendUdp(_buffer.AsSpan(0, HeaderByteCount + count), source, peer.Port, key.Guest, key.GuestPort);
        }
    }

    /// <summary>Closes what was not used for a while.</summary>
    public void RunTimers()
    {
        foreach (UdpFlow flow in new List<UdpFlow>(_flows.Values))
        {
            if (Now - flow.LastUsed > (flow.Key.RemotePort == DnsPort ? DnsLifeMilliseconds : LifeMilliseconds))
            {
                Close(flow);
            }
        }

        foreach ((TcpKey key, (_, _, long lastUsed)) in new List<KeyValuePair<TcpKey, (UdpListener Listener, SocketAddress4 Peer, long LastUsed)>>(_callers))
        {
            if (Now - lastUsed > LifeMilliseconds)
            {
                _callers.Remove(key);
            }
        }
    }

    public void Clear()
    {
        foreach (UdpFlow flow in new List<UdpFlow>(_flows.Values))
        {
            Close(flow);
        }

        _callers.Clear();
    }

    private UdpFlow? Open(TcpKey key)
    {
        if (_map(new SocketAddress4(key.Remote, key.RemotePort)) is not { } address)
        {
            return null;
        }

        if (_flows.Count >= MaxFlows)
        {
            UdpFlow? oldest = null;
            foreach (UdpFlow one in _flows.Values)
            {
                if (oldest is null || one.LastUsed < oldest.LastUsed)
                {
                    oldest = one;
                }
            }

            Close(oldest!);
        }

        HostSocket? socket = HostSocket.CreateDatagram(out _);
        if (socket is null)
        {
            return null;
        }

        var flow = new UdpFlow(this, key);
        if (socket.Connect(address) != 0 || !_loop.TryAdd(flow, socket, Readiness.Read))
        {
            socket.Dispose();
            return null;
        }

        _flows.Add(key, flow);
        return flow;
    }

    private void Close(UdpFlow flow)
    {
        _loop.Close(flow);
        _flows.Remove(flow.Key);
    }

    private void ForgetOldestCaller()
    {
        TcpKey oldest = default;
        long since = long.MaxValue;
        foreach ((TcpKey key, (_, _, long lastUsed)) in _callers)
        {
            if (lastUsed < since)
            {
                (oldest, since) = (key, lastUsed);
            }
        }

        _callers.Remove(oldest);
    }
}
