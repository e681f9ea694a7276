using System.Collections.Generic;

namespace Sosia.Net.User;

/// <summary>Puts IP fragments together (RFC 815 in its plainest form: fragments in any order, no overlaps). A few datagrams at a time; the oldest makes way.</summary>
internal sealed class FragmentAssembler
{
    private const int MaxDatagrams = 16;
    private const int MaxFragments = 64;
    private const long LifeMilliseconds = 15_000;

    private readonly List<Datagram> _datagrams = [];

    /// <summary>Takes a fragment.</summary>
    /// <returns>The whole payload when this was the last one that was missing; null otherwise.</returns>
    public byte[]? Add(in Ip4Packet packet, long now)
    {
        _datagrams.RemoveAll(d => now - d.Since > LifeMilliseconds);
        var key = (packet.Source, packet.Destination, packet.Identification, packet.Protocol);
        Datagram? datagram = _datagrams.Find(d => d.Key == key);
        if (datagram is null)
        {
            if (_datagrams.Count == MaxDatagrams)
            {
                _datagrams.RemoveAt(0);
            }

            datagram = new Datagram(key, now);
            _datagrams.Add(datagram);
        }

        int from = packet.FragmentOffset;
        int to = from + packet.Payload.Length;
        bool isUsable = to <= ushort.MaxValue && packet.Payload.Length != 0 && (!packet.HasMoreFragments || packet.Payload.Length % 8 == 0)
            && datagram.Parts.Count < MaxFragments && !datagram.Parts.Exists(p => from < p.To && p.From < to)
            && (packet.HasMoreFragments || datagram.End < 0);
        if (!isUsable)
        {
            _datagrams.Remove(datagram);
            return null;
        }

        datagram.Parts.Add((from, to, packet.Payload.ToArray()));
        datagram.ByteCount += packet.Payload.Length;
        if (!packet.HasMoreFragments)
        {
            datagram.End = to;
        }

        if (datagram.End < 0 || datagram.ByteCount < datagram.End)
        {
            return null;
        }

        _datagrams.Remove(datagram);
        byte[] whole = new byte[datagram.End];
        foreach ((int start, int end, byte[] bytes) in datagram.Parts)
        {
            if (end > whole.Length)
            {
                return null;
            }

            bytes.CopyTo(whole, start);
        }

        return whole;
    }

    private sealed class Datagram((uint Source, uint Destination, ushort Identification, byte Protocol) key, long since)
    {
        public (uint Source, uint Destination, ushort Identification, byte Protocol) Key { get; } = key;

        public long Since { get; } = since;

        public List<(int From, int To, byte[] Bytes)> Parts { get; } = [];

        public int ByteCount { get; set; }

        public int End { get; set; } = -1;
    }
}
