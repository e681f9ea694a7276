using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Sosia.Host.Linux.Network;
using Sosia.Net.Frames;

namespace Sosia.Net.User;

/// <summary>Gives guests their addresses (DHCP, RFC 2131 and 2132; BOOTP, RFC 951). An address stays with the Ethernet address that asked first.</summary>
internal sealed class DhcpServer
{
    public const ushort ServerPort = 67;
    public const ushort ClientPort = 68;

    private const int FixedByteCount = 240;
    private const int ReplyByteCount = 548;
    private const uint Cookie = 0x6382_5363;
    private const uint LeaseSeconds = 86_400;
    private const int ServerNameOffset = 44;
    private const int FileOffset = 108;

    private const byte Discover = 1;
    private const byte Offer = 2;
    private const byte Request = 3;
    private const byte Decline = 4;
    private const byte Acknowledge = 5;
    private const byte Refuse = 6;
    private const byte Inform = 8;

    private readonly UserNetworkOptions _options;
    private readonly Dictionary<MacAddress, uint> _leases = [];
    private readonly Queue<MacAddress> _order = new();
    private readonly uint _addressCount;

    public DhcpServer(UserNetworkOptions options)
    {
        _options = options;
        uint last = (options.Network | ~options.Mask) - 1;
        _addressCount = Math.Min(last - options.FirstGuest + 1, 1024);
    }

    /// <summary>How many addresses are given.</summary>
    public int LeaseCount => _leases.Count;

    /// <summary>Answers a request.</summary>
    /// <param name="request">The UDP datagram's data.</param>
    /// <param name="reply">Takes the UDP datagram: eight bytes for the header, then the data; at least 556 bytes.</param>
    /// <param name="client">The Ethernet address and IP address that the reply is for; no IP address when it is a refusal.</param>
    /// <returns>The length of the datagram; 0 for no reply.</returns>
    public int Answer(ReadOnlySpan<byte> request, Span<byte> reply, out (MacAddress Mac, uint Address) client)
    {
        client = default;
        if (request.Length < FixedByteCount - 4 || request[0] != 1 || request[1] != 1 || request[2] != MacAddress.ByteCount)
        {
            return 0;
        }

        var mac = MacAddress.Read(request[28..]);
        if (mac.IsGroup)
        {
            return 0;
        }

        bool isDhcp = ReadOptions(request, out byte type, out uint requested, out uint server);
        uint current = BinaryPrimitives.ReadUInt32BigEndian(request[12..]);
        if (isDhcp && server != 0 && server != _options.GatewayAddress)
        {
            return 0;
        }

        byte answer;
        switch (isDhcp ? type : Discover)
        {
            case Discover:
                answer = Offer;
                break;
            case Request:
                uint wanted = requested != 0 ? requested : current;
                answer = wanted == Lease(mac) ? Acknowledge : Refuse;
                break;
            case Inform:
                answer = Acknowledge;
                break;
            case Decline:
                _leases.Remove(mac);
                return 0;
            default:
                return 0;
        }

        Span<byte> body = reply.Slice(UdpTable.HeaderByteCount, ReplyByteCount);
        body.Clear();
        body[0] = 2;
        body[1] = 1;
        body[2] = MacAddress.ByteCount;
        request.Slice(4, 8).CopyTo(body[4..]);
        request.Slice(28, 16).CopyTo(body[28..]);
        uint address = answer == Refuse ? 0 : type == Inform && isDhcp ? current : Lease(mac);
        client = (mac, address);
        if (answer != Refuse)
        {
            BinaryPrimitives.WriteUInt32BigEndian(body[12..], type == Inform && isDhcp ? current : 0);
            BinaryPrimitives.WriteUInt32BigEndian(body[16..], type == Inform && isDhcp ? 0 : address);
            BinaryPrimitives.WriteUInt32BigEndian(body[20..], _options.GatewayAddress);
            if (_options.BootFile is { } file)
            {
                WriteText(body.Slice(FileOffset, 127), file);
            }

            WriteText(body.Slice(ServerNameOffset, 63), SocketName);
        }

        BinaryPrimitives.WriteUInt32BigEndian(body[(FixedByteCount - 4)..], Cookie);
        var options = new OptionWriter(body[FixedByteCount..]);
        if (isDhcp)
        {
            options.Add(53, [answer]);
            options.Add(54, _options.GatewayAddress);
        }

        if (answer != Refuse)
        {
            WriteParameters(ref options, hasLease: isDhcp && type != Inform);
        }

        options.End();
        return UdpTable.HeaderByteCount + ReplyByteCount;
    }

    private const string SocketName = "sosia";

    private static bool ReadOptions(ReadOnlySpan<byte> request, out byte type, out uint requested, out uint server)
    {
        type = 0;
        requested = server = 0;
        if (request.Length < FixedByteCount || BinaryPrimitives.ReadUInt32BigEndian(request[(FixedByteCount - 4)..]) != Cookie)
        {
            return false;
        }

        ReadOnlySpan<byte> options = request[FixedByteCount..];
        while (!options.IsEmpty && options[0] != 255)
        {
            if (options[0] == 0)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options.Length < 2 + options[1])
            {
                break;
            }

            ReadOnlySpan<byte> value = options.Slice(2, options[1]);
            switch (options[0])
            {
                case 53 when value.Length == 1:
                    type = value[0];
                    break;
                case 50 when value.Length == 4:
                    requested = BinaryPrimitives.ReadUInt32BigEndian(value);
                    break;
                case 54 when value.Length == 4:
                    server = BinaryPrimitives.ReadUInt32BigEndian(value);
                    break;
            }

            options = options[(2 + value.Length)..];
        }

        return type != 0;
    }

    private static void WriteText(Span<byte> destination, string text) => _ = Encoding.ASCII.TryGetBytes(text, destination, out _);

    private void WriteParameters(ref OptionWriter options, bool hasLease)
    {
        options.Add(1, _options.Mask);
        if (!_options.IsRestricted)
        {
            options.Add(3, _options.GatewayAddress);
            options.Add(6, _options.DnsAddress);
        }

        if (hasLease)
        {
            options.Add(51, LeaseSeconds);
        }

        if (_options.HostName is { } name)
        {
            options.Add(12, Encoding.ASCII.GetBytes(name));
        }

        if (_options.BootFile is { } file)
        {
            options.Add(66, Encoding.ASCII.GetBytes(SocketAddress4.Format(_options.GatewayAddress)));
            options.Add(67, Encoding.ASCII.GetBytes(file));
        }
    }

    // When all addresses are given, the oldest lease makes way: who asks for ever so many takes them from himself.
    private uint Lease(MacAddress mac)
    {
        if (_leases.TryGetValue(mac, out uint address))
        {
            return address;
        }

        while (_leases.Count >= _addressCount && _order.TryDequeue(out MacAddress oldest))
        {
            _leases.Remove(oldest);
        }

        HashSet<uint> taken = [.. _leases.Values];
        address = _options.FirstGuest;
        while (taken.Contains(address) || address == _options.GatewayAddress || address == _options.DnsAddress)
        {
            address++;
        }

        _leases[mac] = address;
        _order.Enqueue(mac);
        return address;
    }

    private ref struct OptionWriter(Span<byte> bytes)
    {
        private readonly Span<byte> _bytes = bytes;
        private int _count;

        public void Add(byte code, scoped ReadOnlySpan<byte> value)
        {
            // What does not fit is left out; the end mark needs a byte.
            if (value.Length > 255 || _count + 2 + value.Length >= _bytes.Length)
            {
                return;
            }

            _bytes[_count] = code;
            _bytes[_count + 1] = (byte)value.Length;
            value.CopyTo(_bytes[(_count + 2)..]);
            _count += 2 + value.Length;
        }

        public void Add(byte code, uint value)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            Add(code, bytes);
        }

        public readonly void End() => _bytes[_count] = 255;
    }
}
