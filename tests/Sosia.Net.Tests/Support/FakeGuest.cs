using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Sosia.Net.Frames;
using Sosia.Net.User;

namespace Sosia.Net.Tests.Support;

/// <summary>A machine at the end of a cable: makes frames byte by byte, and checks those that it gets.</summary>
internal sealed class FakeGuest : IDisposable
{
    public const uint Address = 0x0a00_020f;
    public const uint Gateway = 0x0a00_0202;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _wake = new(0);
    private readonly LinkedList<byte[]> _waiting = new();
    private ushort _identification = 1;

    public FakeGuest(UserNetworkOptions? options = null, MacAddress? mac = null)
        : this(new NetworkCable(), mac)
    {
        Network = new UserNetwork(Cable.Backend, options ?? new UserNetworkOptions());
    }

    public FakeGuest(NetworkCable cable, MacAddress? mac = null)
    {
        Cable = cable;
        Mac = mac ?? new MacAddress(0x5254_0012_3456);
        cable.Card.Wake = () => _wake.Release();
    }

    public NetworkCable Cable { get; }

    public UserNetwork Network { get; } = null!;

    public MacAddress Mac { get; }

    public static MacAddress GatewayMac { get; } = new(0x5255_0a00_0202);

    public void Dispose()
    {
        Network?.Dispose();
        Cable.Dispose();
        _wake.Dispose();
    }

    public void Send(ReadOnlySpan<byte> frame, FrameOffload offload = default)
    {
        byte[] copy = frame.ToArray();
        long start = Stopwatch.GetTimestamp();
        while (!Cable.Card.TrySend(copy, offload))
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException("The network takes no more frames.");
            }

            _wake.Wait(10);
        }
    }

    /// <summary>The next frame that meets a condition; those before it are put aside, in their order, and looked at by later calls.</summary>
    public byte[] Next(Func<byte[], bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Take(condition) is { } frame)
            {
                return frame;
            }

            TimeSpan left = Patience - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException($"No {what} among {_waiting.Count} frames.");
            }

            if (Cable.Card.AskForFrame())
            {
                _wake.Wait(left);
            }
        }
    }

    /// <summary>Looks for a frame without waiting.</summary>
    public byte[]? Take(Func<byte[], bool> condition)
    {
        Collect();
        for (LinkedListNode<byte[]>? node = _waiting.First; node is not null; node = node.Next)
        {
            if (condition(node.Value))
            {
                _waiting.Remove(node);
                return node.Value;
            }
        }

        return null;
    }

    public void Forget()
    {
        Collect();
        _waiting.Clear();
    }

    /// <summary>Waits for a frame or a while, whichever is first.</summary>
    public void Rest()
    {
        if (Cable.Card.AskForFrame())
        {
            _wake.Wait(50);
        }
    }

    /// <summary>A packet with an Ethernet and an IP header.</summary>
    public byte[] Packet(byte protocol, uint destination, ReadOnlySpan<byte> payload, uint source = Address, ushort fragment = 0, ushort? identification = null)
    {
        byte[] frame = new byte[34 + payload.Length];
        (destination == uint.MaxValue ? MacAddress.Broadcast : GatewayMac).Write(frame);
        Mac.Write(frame.AsSpan(6));
        frame[12] = 8;
        Span<byte> ip = frame.AsSpan(14, 20);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(20 + payload.Length));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], identification ?? _identification++);
        BinaryPrimitives.WriteUInt16BigEndian(ip[6..], fragment);
        ip[8] = 64;
        ip[9] = protocol;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], destination);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], NaiveChecksum(ip, 0));
        payload.CopyTo(frame.AsSpan(34));
        return frame;
    }

    /// <summary>A UDP datagram, without its IP header.</summary>
    public static byte[] Datagram(uint source, ushort sourcePort, uint destination, ushort port, ReadOnlySpan<byte> data)
    {
        byte[] datagram = new byte[8 + data.Length];
        BinaryPrimitives.WriteUInt16BigEndian(datagram, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        data.CopyTo(datagram.AsSpan(8));
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(6), NaiveChecksum(datagram, Pseudo(source, destination, 17, datagram.Length)));
        return datagram;
    }

    public void SendUdp(ushort sourcePort, uint destination, ushort port, ReadOnlySpan<byte> data, uint source = Address)
        => Send(Packet(17, destination, Datagram(source, sourcePort, destination, port, data), source));

    public static bool IsUdp(byte[] frame, ushort sourcePort, ushort port)
        => frame.Length >= 42 && frame[12] == 8 && frame[13] == 0 && frame[23] == 17 && (frame[20] & 0x3f) == 0 && frame[21] == 0
            && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(34)) == sourcePort && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(36)) == port;

    public static bool IsIcmp(byte[] frame, byte type) => frame.Length >= 42 && frame[12] == 8 && frame[13] == 0 && frame[23] == 1 && frame[34] == type;

    /// <summary>The checksum as RFC 1071 describes it, one word after the other.</summary>
    public static ushort NaiveChecksum(ReadOnlySpan<byte> bytes, ulong sum)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += (ulong)bytes[i] << (i % 2 == 0 ? 8 : 0);
        }

        while (sum > 0xffff)
        {
            sum = (sum >> 16) + (sum & 0xffff);
        }

        return (ushort)~sum;
    }

    public static ulong Pseudo(uint source, uint destination, byte protocol, int byteCount)
        => (source >> 16) + (source & 0xffff) + (destination >> 16) + (destination & 0xffff) + protocol + (ulong)byteCount;

    /// <summary>Makes the network know this guest, as any traffic does.</summary>
    public void Introduce()
    {
        byte[] echo = [8, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4];
        BinaryPrimitives.WriteUInt16BigEndian(echo.AsSpan(2), NaiveChecksum(echo, 0));
        Send(Packet(1, Gateway, echo));
        Next(f => IsIcmp(f, 0), "answer to a ping");
    }

    private void Collect()
    {
        while (Cable.Card.TryPeek(out Span<byte> frame, out _))
        {
            byte[] copy = frame.ToArray();
            Cable.Card.Release();
            _waiting.AddLast(copy);
        }
    }
}
