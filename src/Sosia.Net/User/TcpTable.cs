using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;
using Sosia.Host.Linux.Network;
using Sosia.Net.Frames;

namespace Sosia.Net.User;

/// <summary>All TCP connections of a network. Their number and the memory behind them are bounded: a guest that wants more is refused.</summary>
internal sealed class TcpTable
{
    private const int MaxConnections = 4096;
    private const int MaxConnecting = 1024;
    private const int LargeBuffer = 1 << 20;
    private const int MediumBuffer = 1 << 18;
    private const int SmallBuffer = 1 << 15;

    private readonly Dictionary<TcpKey, TcpConnection> _connections = [];
    private readonly List<TcpConnection> _expired = [];
    private readonly Func<SocketAddress4, HostSocket?> _connect;
    private readonly GuestSide _guest;
    private readonly CableEnd _cable;
    private List<TcpConnection> _listed = [];
    private List<TcpConnection> _beingHeard = [];
    private long _nextTimer = long.MaxValue;
    private ushort _nextPort = 1024;

    /// <summary>Creates an empty table.</summary>
    /// <param name="loop">Looks after the sockets.</param>
    /// <param name="guest">The way to the guests.</param>
    /// <param name="cable">The cable to them.</param>
    /// <param name="connect">Begins a connection to what a guest means by an address; null when it is not to be reached.</param>
    public TcpTable(PollLoop loop, GuestSide guest, CableEnd cable, Func<SocketAddress4, HostSocket?> connect)
    {
        Loop = loop;
        _guest = guest;
        _cable = cable;
        _connect = connect;
    }

    public PollLoop Loop { get; }

    /// <summary>Milliseconds; set once in each turn of the loop.</summary>
    public long Now { get; set; }

    public int Count => _connections.Count;

    /// <summary>True when nothing that was sent waits to be taken by the guest's machine.</summary>
    public bool GuestHasTakenAll => _cable.PeerHasTakenAll;

    /// <summary>When the next timer may expire.</summary>
    public long NextTimer => _nextTimer;

    /// <summary>True when connections wait to be heard by <see cref="Output"/>.</summary>
    public bool HasListed => _listed.Count != 0;

    public void Receive(in Ip4Packet packet)
    {
        if (!TcpSegment.TryParse(packet.Payload, out TcpSegment segment))
        {
            return;
        }

        var key = new TcpKey(packet.Source, segment.SourcePort, packet.Destination, segment.DestinationPort);
        if (_connections.TryGetValue(key, out TcpConnection? connection))
        {
            connection.Receive(segment);
        }
        else if ((segment.Flags & (TcpSegment.Syn | TcpSegment.Ack | TcpSegment.Rst | TcpSegment.Fin)) == TcpSegment.Syn)
        {
            Open(key, segment);
        }
        else if (!segment.Has(TcpSegment.Rst))
        {
            Refuse(key, segment);
        }
    }

    /// <summary>Somebody has connected to a port of the host.</summary>
    /// <param name="socket">The connection; closed when it cannot be passed on.</param>
    /// <param name="source">Who the guest sees as the caller.</param>
    /// <param name="guest">Whom to call.</param>
    /// <param name="guestPort">At which port.</param>
    public void Call(HostSocket socket, SocketAddress4 source, uint guest, ushort guestPort)
    {
        var key = new TcpKey(guest, guestPort, source.Address, source.Port);
        for (int i = 0; _connections.ContainsKey(key) && i < ushort.MaxValue; i++)
        {
            _nextPort = _nextPort == ushort.MaxValue ? (ushort)1024 : (ushort)(_nextPort + 1);
            key = key with { RemotePort = _nextPort };
        }

        if (_connections.Count >= MaxConnections || _connections.ContainsKey(key))
        {
            socket.Dispose();
            return;
        }

        TcpConnection connection = Create(key);
        if (!Loop.TryAdd(connection, socket, Readiness.None))
        {
            socket.Dispose();
            return;
        }

        socket.SetNoDelay();
        _connections.Add(key, connection);
        connection.BeginCall(Now);
    }

    /// <summary>A guest that was not known can be reached now.</summary>
    public void NeighbourAppeared(uint address)
    {
        foreach ((TcpKey key, TcpConnection connection) in _connections)
        {
            if (key.Guest == address)
            {
                connection.NeighbourAppeared();
            }
        }
    }

    /// <summary>A connection has something to say to the guest; <see cref="Output"/> lets it.</summary>
    public void List(TcpConnection connection)
    {
        if (!connection.IsListed)
        {
            connection.IsListed = true;
            _listed.Add(connection);
        }
    }

    /// <summary>Lets all connections speak that have something to say, as far as there is room.</summary>
    public void Output()
    {
        (_listed, _beingHeard) = (_beingHeard, _listed);
        foreach (TcpConnection connection in _beingHeard)
        {
            connection.IsListed = false;
            if (!connection.Output())
            {
                List(connection);
            }
        }

        _beingHeard.Clear();
    }

    public void TimerArmed(long deadline) => _nextTimer = Math.Min(_nextTimer, deadline);

    public void RunTimers()
    {
        if (Now < _nextTimer)
        {
            return;
        }

        _nextTimer = long.MaxValue;
        foreach (TcpConnection connection in _connections.Values)
        {
            if (connection.Deadline <= Now)
            {
                _expired.Add(connection);
            }
            else
            {
                TimerArmed(connection.Deadline);
            }
        }

        foreach (TcpConnection connection in _expired)
        {
            connection.TimePassed(Now);
        }

        _expired.Clear();
    }

    public void Remove(TcpConnection connection) => _connections.Remove(connection.Key);

    /// <summary>Breaks all connections off.</summary>
    public void Clear()
    {
        foreach (TcpConnection connection in new List<TcpConnection>(_connections.Values))
        {
            connection.Abort(tellGuest: false);
        }

        _listed.Clear();
    }

    private TcpConnection Create(TcpKey key)
    {
        Span<byte> random = stackalloc byte[4];
        RandomNumberGenerator.Fill(random);
        int count = _connections.Count;
        int limit = count < 32 ? LargeBuffer : count < 128 ? MediumBuffer : SmallBuffer;
        return new TcpConnection(this, _guest, key, BinaryPrimitives.ReadUInt32LittleEndian(random), limit, Now);
    }

    private void Open(TcpKey key, in TcpSegment syn)
    {
        if (_connections.Count >= MaxConnections || CountConnecting() >= MaxConnecting)
        {
            Refuse(key, syn);
            return;
        }

        HostSocket? socket = _connect(new SocketAddress4(key.Remote, key.RemotePort));
        if (socket is null)
        {
            Refuse(key, syn);
            return;
        }

        TcpConnection connection = Create(key);
        if (!Loop.TryAdd(connection, socket, Readiness.Write))
        {
            socket.Dispose();
            Refuse(key, syn);
            return;
        }

        _connections.Add(key, connection);
        connection.BeginConnecting(syn);
    }

    // Looked at only when there are many at all.
    private int CountConnecting()
    {
        if (_connections.Count < MaxConnecting)
        {
            return 0;
        }

        int count = 0;
        foreach (TcpConnection connection in _connections.Values)
        {
            count += connection.State == TcpState.Connecting ? 1 : 0;
        }

        return count;
    }

    // RFC 9293, section 3.10.7.1.
    private void Refuse(TcpKey key, in TcpSegment segment)
    {
        Span<byte> frame = _guest.Begin(key.Remote, key.Guest, GuestSide.Tcp, TcpSegment.HeaderByteCount);
        if (frame.IsEmpty)
        {
            return;
        }

        Span<byte> tcp = frame[GuestSide.HeaderByteCount..];
        tcp.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(tcp, key.RemotePort);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], key.GuestPort);
        bool hasAcknowledgment = segment.Has(TcpSegment.Ack);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], hasAcknowledgment ? segment.Acknowledgment : 0);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], hasAcknowledgment ? 0 : segment.Sequence + segment.SequenceLength);
        tcp[12] = TcpSegment.HeaderByteCount / 4 << 4;
        tcp[13] = (byte)(TcpSegment.Rst | (hasAcknowledgment ? 0 : TcpSegment.Ack));
        uint sum = InternetChecksum.PseudoHeader(key.Remote, key.Guest, GuestSide.Tcp, tcp.Length);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], InternetChecksum.Finish(InternetChecksum.Add(tcp, sum)));
        _guest.Commit(frame);
    }
}
