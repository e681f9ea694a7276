using System;
using System.Buffers.Binary;
using System.IO;
using Sosia.Net.Frames;
using Xunit;

namespace Sosia.Net.Tests.Support;

/// <summary>The simplest TCP that can talk: it takes segments in order and sends what the window allows.</summary>
internal sealed class FakeTcp(FakeGuest guest, uint remote, ushort remotePort, ushort port)
{
    public const byte Fin = 1;
    public const byte Syn = 2;
    public const byte Rst = 4;
    public const byte Ack = 16;

    private readonly MemoryStream _received = new();
    private uint _acknowledged;
    private uint _peerWindow;
    private int _peerScale;

    public uint Next { get; set; } = 1000;

    public uint Expected { get; private set; }

    public ushort Window { get; set; } = 0xffff;

    public bool HasEnded { get; private set; }

    public bool WasReset { get; private set; }

    /// <summary>Throws this many of the coming data segments away, unseen.</summary>
    public int ToLose { get; set; }

    public int SegmentCount { get; private set; }

    public byte[] Received => _received.ToArray();

    public void SendSegment(byte flags, ReadOnlySpan<byte> data = default, uint? sequence = null, ReadOnlySpan<byte> options = default, FrameOffload offload = default)
    {
        byte[] tcp = new byte[20 + options.Length + data.Length];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, port);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(2), remotePort);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(4), sequence ?? Next);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(8), Expected);
        tcp[12] = (byte)((20 + options.Length) / 4 << 4);
        tcp[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(14), Window);
        options.CopyTo(tcp.AsSpan(20));
        data.CopyTo(tcp.AsSpan(20 + options.Length));
        ulong pseudo = FakeGuest.Pseudo(FakeGuest.Address, remote, 6, tcp.Length);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(16), offload.NeedsChecksum ? (ushort)~FakeGuest.NaiveChecksum([], pseudo) : FakeGuest.NaiveChecksum(tcp, pseudo));
        guest.Send(guest.Packet(6, remote, tcp), offload);
    }

    public void BeginConnect() => SendSegment(Syn, options: [2, 4, 5, 0xb4, 1, 3, 3, 4]);

    public void Connect()
    {
        BeginConnect();
        FinishConnect();
    }

    public void FinishConnect()
    {
        while (Expected == 0 && !WasReset)
        {
            Handle(guest.Next(IsMine, "answer to a SYN"));
        }

        Assert.False(WasReset);
        Next++;
        SendSegment(Ack);
    }

    /// <summary>Answers a call from the host's side.</summary>
    public void Accept()
    {
        Handle(guest.Next(IsMine, "SYN"));
        SendSegment(Syn | Ack, options: [2, 4, 5, 0xb4, 1, 3, 3, 4]);
        Next++;
        _acknowledged = Next;
    }

    public void Send(ReadOnlySpan<byte> data, int segmentByteCount = 1460, FrameOffload offload = default)
    {
        while (!data.IsEmpty)
        {
            while (Next - _acknowledged + (uint)Math.Min(segmentByteCount, data.Length) > _peerWindow)
            {
                Handle(guest.Next(IsMine, "acknowledgment"));
            }

            ReadOnlySpan<byte> piece = data[..Math.Min(segmentByteCount, data.Length)];
            SendSegment(Ack, piece, offload: offload);
            Next += (uint)piece.Length;
            data = data[piece.Length..];
            Poll();
        }
    }

    public void End()
    {
        SendSegment(Fin | Ack);
        Next++;
    }

    public void WaitForAcknowledgment()
    {
        while (_acknowledged != Next && !WasReset)
        {
            Handle(guest.Next(IsMine, "acknowledgment"));
        }
    }

    public void Receive(int byteCount)
    {
        while (_received.Length < byteCount && !WasReset)
        {
            Handle(guest.Next(IsMine, "data"));
        }
    }

    public void WaitForEnd()
    {
        while (!HasEnded && !WasReset)
        {
            Handle(guest.Next(IsMine, "end of the stream"));
        }
    }

    public void WaitForReset()
    {
        while (!WasReset)
        {
            Handle(guest.Next(IsMine, "reset"));
        }
    }

    public void Poll()
    {
        while (guest.Take(IsMine) is { } frame)
        {
            Handle(frame);
        }
    }

    public bool IsMine(byte[] frame)
        => frame.Length >= 54 && frame[12] == 8 && frame[13] == 0 && frame[23] == 6
            && BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(26)) == remote
            && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(34)) == remotePort
            && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(36)) == port;

    public void Handle(byte[] frame)
    {
        Span<byte> tcp = frame.AsSpan(34, BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(16)) - 20);
        if (!guest.Cable.Card.AcceptsOffloads)
        {
            Assert.Equal(0, FakeGuest.NaiveChecksum(frame.AsSpan(14, 20), 0));
            Assert.Equal(0, FakeGuest.NaiveChecksum(tcp, FakeGuest.Pseudo(remote, FakeGuest.Address, 6, tcp.Length)));
        }

        byte flags = tcp[13];
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]);
        int offset = tcp[12] >> 4 << 2;
        ReadOnlySpan<byte> data = tcp[offset..];
        if ((flags & Rst) != 0)
        {
            WasReset = true;
            return;
        }

        if ((flags & Ack) != 0 && (int)(BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]) - _acknowledged) >= 0)
        {
            _acknowledged = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]);
            _peerWindow = (uint)BinaryPrimitives.ReadUInt16BigEndian(tcp[14..]) << ((flags & Syn) != 0 ? 0 : _peerScale);
        }

        if ((flags & Syn) != 0)
        {
            Expected = sequence + 1;
            for (int at = 20; at + 2 < offset && tcp[at] != 0; at += tcp[at] == 1 ? 1 : tcp[at + 1])
            {
                _peerScale = tcp[at] == 3 ? tcp[at + 2] : _peerScale;
            }

            _peerWindow = BinaryPrimitives.ReadUInt16BigEndian(tcp[14..]);
            return;
        }

        if (data.IsEmpty && (flags & Fin) == 0)
        {
            return;
        }

        SegmentCount++;
        if (ToLose > 0)
        {
            ToLose--;
            return;
        }

        if (sequence == Expected)
        {
            _received.Write(data);
            Expected += (uint)data.Length;
            if ((flags & Fin) != 0)
            {
                Expected++;
                HasEnded = true;
            }
        }

        SendSegment(Ack);
    }
}
