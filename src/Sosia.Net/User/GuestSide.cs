using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Net.Frames;

namespace Sosia.Net.User;

/// <summary>The way to the guests: who has which Ethernet address, and packets in frames.</summary>
internal sealed class GuestSide
{
    public const int EthernetByteCount = 14;
    public const int IpByteCount = 20;
    public const int MaxPacketByteCount = 1500;
    public const int HeaderByteCount = EthernetByteCount + IpByteCount;

    public const ushort TypeIp = 0x0800;
    public const ushort TypeArp = 0x0806;

    public const byte Icmp = 1;
    public const byte Tcp = 6;
    public const byte Udp = 17;

    private const int MaxNeighbours = 1024;
    private const int TimeToLive = 64;
    private const int ArpByteCount = 42;
    private const ushort MoreFragments = 0x2000;

    private readonly Dictionary<uint, MacAddress> _neighbours = [];
    private readonly CableEnd _cable;
    private readonly UserNetworkOptions _options;
    private ushort _identification;

    public GuestSide(CableEnd cable, UserNetworkOptions options)
    {
        _cable = cable;
        _options = options;
        // The first bytes say "locally administered"; the rest is the gateway's IP address, so that networks that are joined differ.
        Address = new MacAddress(0x5255_0000_0000UL | options.GatewayAddress);
    }

    /// <summary>The gateway's Ethernet address.</summary>
    public MacAddress Address { get; }

    /// <summary>True when frames with work left to do may be sent.</summary>
    public bool TakesOffloads => _cable.PeerAcceptsOffloads;

    /// <summary>Notes who has an address.</summary>
    /// <returns>True when that is news.</returns>
    public bool Learn(uint address, MacAddress mac)
    {
        if (!_options.IsInNetwork(address) || address == _options.Network || address == (_options.Network | ~_options.Mask)
            || address == _options.GatewayAddress || address == _options.DnsAddress || mac.IsGroup)
        {
            return false;
        }

        if (_neighbours.TryGetValue(address, out MacAddress known) && known == mac)
        {
            return false;
        }

        if (_neighbours.Count >= MaxNeighbours)
        {
            // A guest that pretends to be many is forgotten altogether.
            _neighbours.Clear();
        }

        _neighbours[address] = mac;
        return true;
    }

    public void Forget() => _neighbours.Clear();

    public bool Knows(uint address) => _neighbours.ContainsKey(address);

    /// <summary>Begins an IP packet: writes Ethernet and IP headers.</summary>
    /// <param name="source">From whom.</param>
    /// <param name="destination">To whom; 255.255.255.255 for all.</param>
    /// <param name="protocol">What is in it.</param>
    /// <param name="payloadByteCount">How much.</param>
    /// <returns>The whole frame, or nothing when there is no room or the destination is not known: then it is asked for.</returns>
    public Span<byte> Begin(uint source, uint destination, byte protocol, int payloadByteCount)
        => Begin(source, destination, protocol, payloadByteCount, _identification++, 0);

    public void Commit(ReadOnlySpan<byte> frame, in FrameOffload offload = default) => _cable.Commit(frame, offload);

    /// <summary>Sends a packet, in fragments if need be.</summary>
    public void Send(uint source, uint destination, byte protocol, ReadOnlySpan<byte> payload)
    {
        const int Most = (MaxPacketByteCount - IpByteCount) & ~7;
        ushort identification = _identification++;
        for (int at = 0; ;)
        {
            int count = payload.Length - at <= MaxPacketByteCount - IpByteCount ? payload.Length - at : Most;
            bool isLast = at + count == payload.Length;
            Span<byte> frame = Begin(source, destination, protocol, count, identification, (ushort)((at / 8) | (isLast ? 0 : MoreFragments)));
            if (frame.IsEmpty)
            {
                return;
            }

            payload.Slice(at, count).CopyTo(frame[HeaderByteCount..]);
            _cable.Commit(frame, default);
            at += count;
            if (isLast)
            {
                return;
            }
        }
    }

    /// <summary>Sends a UDP datagram.</summary>
    /// <param name="datagram">Eight bytes for the header, then the data.</param>
    /// <param name="source">From whom.</param>
    /// <param name="sourcePort">From which port.</param>
    /// <param name="destination">To whom.</param>
    /// <param name="destinationPort">To which port.</param>
    public void SendUdp(Span<byte> datagram, uint source, ushort sourcePort, uint destination, ushort destinationPort)
    {
        BinaryPrimitives.WriteUInt16BigEndian(datagram, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)datagram.Length);
        datagram.Slice(6, 2).Clear();
        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(datagram, InternetChecksum.PseudoHeader(source, destination, Udp, datagram.Length)));
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], checksum == 0 ? (ushort)0xffff : checksum);
        Send(source, destination, Udp, datagram);
    }

    /// <summary>Asks who has an address, or answers.</summary>
    public void SendArp(ushort operation, uint senderAddress, MacAddress target, uint targetAddress)
    {
        Span<byte> frame = _cable.Reserve(ArpByteCount);
        if (frame.IsEmpty)
        {
            return;
        }

        (operation == 1 ? MacAddress.Broadcast : target).Write(frame);
        Address.Write(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], TypeArp);
        BinaryPrimitives.WriteUInt64BigEndian(frame[14..], 0x0001_0800_0604_0000UL | operation);
        Address.Write(frame[22..]);
        BinaryPrimitives.WriteUInt32BigEndian(frame[28..], senderAddress);
        (operation == 1 ? default : target).Write(frame[32..]);
        BinaryPrimitives.WriteUInt32BigEndian(frame[38..], targetAddress);
        _cable.Commit(frame, default);
    }

    private Span<byte> Begin(uint source, uint destination, byte protocol, int payloadByteCount, ushort identification, ushort fragment)
    {
        MacAddress mac = MacAddress.Broadcast;
        if (destination != uint.MaxValue && !_neighbours.TryGetValue(destination, out mac))
        {
            SendArp(1, _options.GatewayAddress, default, destination);
            return [];
        }

        Span<byte> frame = _cable.Reserve(HeaderByteCount + payloadByteCount);
        if (frame.IsEmpty)
        {
            return [];
        }

        mac.Write(frame);
        Address.Write(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], TypeIp);
        Span<byte> ip = frame.Slice(EthernetByteCount, IpByteCount);
        BinaryPrimitives.WriteUInt16BigEndian(ip, 0x4500);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(IpByteCount + payloadByteCount));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], identification);
        BinaryPrimitives.WriteUInt16BigEndian(ip[6..], fragment);
        ip[8] = TimeToLive;
        ip[9] = protocol;
        ip.Slice(10, 2).Clear();
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], destination);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Finish(InternetChecksum.Add(ip)));
        return frame;
    }
}
