using System;
using System.Buffers.Binary;
using Sosia.Net.Frames;

namespace Sosia.Net.User;

/// <summary>A checked IPv4 packet from a guest.</summary>
internal readonly ref struct Ip4Packet
{
    private Ip4Packet(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        Header = header;
        Payload = payload;
    }

    public ReadOnlySpan<byte> Header { get; }

    public ReadOnlySpan<byte> Payload { get; }

    public uint Source => BinaryPrimitives.ReadUInt32BigEndian(Header[12..]);

    public uint Destination => BinaryPrimitives.ReadUInt32BigEndian(Header[16..]);

    public byte Protocol => Header[9];

    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(Header[4..]);

    /// <summary>In bytes.</summary>
    public int FragmentOffset => (BinaryPrimitives.ReadUInt16BigEndian(Header[6..]) & 0x1fff) * 8;

    public bool HasMoreFragments => (Header[6] & 0x20) != 0;

    public bool IsFragment => FragmentOffset != 0 || HasMoreFragments;

    /// <summary>Takes a packet apart.</summary>
    /// <returns>False when lengths or checksum are wrong.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ip4Packet packet)
    {
        packet = default;
        if (bytes.Length < GuestSide.IpByteCount || bytes[0] >> 4 != 4)
        {
            return false;
        }

        int headerByteCount = (bytes[0] & 15) * 4;
        int byteCount = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (headerByteCount < GuestSide.IpByteCount || byteCount < headerByteCount || byteCount > bytes.Length
            || InternetChecksum.Finish(InternetChecksum.Add(bytes[..headerByteCount])) != 0)
        {
            return false;
        }

        packet = new Ip4Packet(bytes[..headerByteCount], bytes[headerByteCount..byteCount]);
        return true;
    }

    /// <summary>The same packet with another payload: that of all its fragments.</summary>
    public Ip4Packet With(ReadOnlySpan<byte> payload) => new(Header, payload);

    /// <summary>True when TCP's or UDP's checksum is right.</summary>
    public bool HasValidTransportChecksum()
        => InternetChecksum.Finish(InternetChecksum.Add(Payload, InternetChecksum.PseudoHeader(Source, Destination, Protocol, Payload.Length))) == 0;
}
