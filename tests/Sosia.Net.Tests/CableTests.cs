using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Sosia.Host.Linux.Network;
using Sosia.Net.Backends;
using Sosia.Net.Capture;
using Sosia.Net.Frames;
using Sosia.Net.Tests.Support;
using Xunit;

namespace Sosia.Net.Tests;

public sealed class CableTests
{
    [Fact]
    public void Frames_pass_between_two_threads_in_order_and_none_is_lost()
    {
        const int Count = 20_000;
        using var cable = new NetworkCable();
        using var wake = new SemaphoreSlim(0);
        cable.Card.Wake = () => wake.Release();
        var producer = new Thread(() =>
        {
            var random = new Random(1);
            for (int i = 0; i < Count;)
            {
                int length = random.Next(10) == 0 ? random.Next(4, 65_000) : random.Next(4, 200);
                Span<byte> room = cable.Card.Reserve(length);
                if (room.IsEmpty)
                {
                    wake.Wait();
                    random = new Random(i);
                    continue;
                }

                room.Fill((byte)i);
                BinaryPrimitives.WriteInt32LittleEndian(room, i++);
                cable.Card.Commit(room, new FrameOffload((ushort)length, 1, 0));
            }
        })
        { IsBackground = true };
        using var arrived = new SemaphoreSlim(0);
        cable.Backend.Wake = () => arrived.Release();
        producer.Start();
        for (int i = 0; i < Count;)
        {
            if (cable.Backend.TryPeek(out Span<byte> frame, out FrameOffload offload))
            {
                Assert.Equal(i, BinaryPrimitives.ReadInt32LittleEndian(frame));
                Assert.Equal(frame.Length, offload.ChecksumStart);
                Assert.Equal(-1, frame[4..].IndexOfAnyExcept((byte)i));
                cable.Backend.Release();
                i++;
            }
            else if (cable.Backend.AskForFrame())
            {
                Assert.True(arrived.Wait(TimeSpan.FromSeconds(30)), $"no frame after {i}");
            }
        }

        producer.Join();
    }

    [Fact]
    public void The_checksum_is_that_of_the_rfc_for_all_lengths()
    {
        var random = new Random(2);
        byte[] bytes = new byte[2000];
        random.NextBytes(bytes);
        for (int length = 0; length < 200; length++)
        {
            int start = random.Next(1000);
            uint sum = (uint)random.Next(0x10000);
            Assert.Equal(
                FakeGuest.NaiveChecksum(bytes.AsSpan(start, length), sum),
                InternetChecksum.Finish(InternetChecksum.Add(bytes.AsSpan(start, length), sum)));
        }

        bytes.AsSpan().Fill(0xff);
        Assert.Equal(FakeGuest.NaiveChecksum(bytes, 0), InternetChecksum.Finish(InternetChecksum.Add(bytes)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1460)]
    [InlineData(1461)]
    [InlineData(64_000)]
    public void A_large_frame_is_cut_into_segments_that_add_up(int dataByteCount)
    {
        using var guest = new FakeGuest(new NetworkCable());
        byte[] data = new byte[dataByteCount];
        new Random(3).NextBytes(data);
        byte[] tcp = new byte[20 + data.Length];
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(4), 0xffff_fff0);
        tcp[12] = 0x50;
        tcp[13] = 0x19;
        data.CopyTo(tcp, 20);
        guest.Send(guest.Packet(6, FakeGuest.Gateway, tcp), new FrameOffload(34, 16, 1460));
        var got = new List<byte>();
        while (got.Count < data.Length)
        {
            Assert.True(guest.Cable.Backend.TryPeek(out Span<byte> frame, out FrameOffload offload));
            Assert.Equal(default, offload);
            Assert.InRange(frame.Length, 55, 1514);
            Assert.Equal(frame.Length - 14, BinaryPrimitives.ReadUInt16BigEndian(frame[16..]));
            Assert.Equal(0, FakeGuest.NaiveChecksum(frame.Slice(14, 20), 0));
            Assert.Equal(0, FakeGuest.NaiveChecksum(frame[34..], FakeGuest.Pseudo(FakeGuest.Address, FakeGuest.Gateway, 6, frame.Length - 34)));
            Assert.Equal(0xffff_fff0 + (uint)got.Count, BinaryPrimitives.ReadUInt32BigEndian(frame[38..]));
            got.AddRange(frame[54..]);
            Assert.Equal(got.Count == data.Length ? 0x19 : 0x10, frame[47]);
            guest.Cable.Backend.Release();
        }

        Assert.Equal(data, got.ToArray());
    }

    [Fact]
    public void A_switch_learns_who_is_where()
    {
        using var network = new LearningSwitch();
        using var a = new FakeGuest(new NetworkCable(), new MacAddress(0x5254_0000_000a));
        using var b = new FakeGuest(new NetworkCable(), new MacAddress(0x5254_0000_000b));
        using var c = new FakeGuest(new NetworkCable(), new MacAddress(0x5254_0000_000c));
        using INetworkBackend pa = network.Connect(a.Cable.Backend);
        using INetworkBackend pb = network.Connect(b.Cable.Backend);
        using INetworkBackend pc = network.Connect(c.Cable.Backend);
        a.Send(Frame(MacAddress.Broadcast, a.Mac, 1));
        b.Next(f => f[14] == 1, "broadcast");
        c.Next(f => f[14] == 1, "broadcast");
        b.Send(Frame(a.Mac, b.Mac, 2));
        a.Next(f => f[14] == 2, "answer");
        a.Send(Frame(b.Mac, a.Mac, 3));
        b.Next(f => f[14] == 3, "frame for b");
        a.Send(Frame(MacAddress.Broadcast, a.Mac, 4));
        Assert.Equal(4, c.Next(_ => true, "the next frame is not the one for b")[14]);
        Assert.Equal(2, network.AddressCount);
        for (int i = 0; i < 20_000; i++)
        {
            a.Send(Frame(MacAddress.Broadcast, new MacAddress((ulong)i << 8), 5));
            b.Forget();
            c.Forget();
        }

        Assert.InRange(network.AddressCount, 1, 4096);
    }

    [Fact]
    public void Two_machines_are_joined_by_a_socket_and_again_after_one_was_away()
    {
        using var a = new FakeGuest(new NetworkCable(), new MacAddress(0x5254_0000_000a));
        using var listening = new SocketBackend(a.Cable.Backend, new SocketAddress4(SocketAddress4.Loopback, 0), listens: true);
        for (int i = 0; i < 2; i++)
        {
            using var b = new FakeGuest(new NetworkCable(), new MacAddress(0x5254_0000_000b));
            using var connecting = new SocketBackend(b.Cable.Backend, listening.Address, listens: false);
            byte[] large = new byte[60_000];
            Frame(a.Mac, b.Mac, 9).CopyTo(large, 0);
            large[^1] = 77;
            // Until both are there, frames are lost.
            while (a.Take(f => f.Length == 60_000) is not { } got || got[^1] != 77)
            {
                b.Send(large);
                a.Rest();
            }

            a.Send(Frame(b.Mac, a.Mac, 8));
            b.Next(f => f[14] == 8, "answer");
            a.Forget();
        }
    }

    [Fact]
    public void A_peer_that_sends_garbage_or_half_a_frame_is_sent_away()
    {
        using var a = new FakeGuest(new NetworkCable());
        using var listening = new SocketBackend(a.Cable.Backend, new SocketAddress4(SocketAddress4.Loopback, 0), listens: true);
        foreach (byte[] garbage in (byte[][])[[0xff, 0xff, 0xff, 0xff, 1], [0x7f, 0, 0, 0], [0, 0, 0, 20, 1, 2]])
        {
            using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            peer.Connect(IPAddress.Loopback, listening.Address.Port);
            peer.Send(garbage);
            peer.Shutdown(SocketShutdown.Send);
            try
            {
                Assert.Equal(0, peer.Receive(new byte[1]));
            }
            catch (SocketException)
            {
                // Broken off: that is just as well.
            }
        }

        Assert.Null(a.Take(_ => true));
    }

    [Fact]
    public void Tshark_reads_what_was_captured()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "capture.pcap");
        using (var guest = new FakeGuest(new NetworkCable(new PcapWriter(file))))
        using (var network = new Net.User.UserNetwork(guest.Cable.Backend, new Net.User.UserNetworkOptions()))
        {
            guest.Introduce();
            byte[] tcp = new byte[20 + 5000];
            tcp[12] = 0x50;
            tcp[13] = 0x10;
            guest.Send(guest.Packet(6, 0x0808_0808, tcp), new FrameOffload(34, 16, 1460));
            guest.Next(f => f[23] == 6, "reset");
        }

        if (!File.Exists("/usr/bin/tshark"))
        {
            // ./test installs it where it may.
            return;
        }

        var start = new ProcessStartInfo("/usr/bin/tshark", ["-r", file, "-T", "fields", "-e", "frame.len", "-e", "_ws.col.Protocol", "-e", "icmp.checksum.status"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string[] lines = process.StandardOutput.ReadToEnd().TrimEnd('\n').Split('\n');
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(["46\tICMP\t1", "46\tICMP\t1", "5054\tTCP\t", "54\tTCP\t"], lines);
    }

    [Fact]
    public void A_capture_is_complete_soon_after_the_last_frame_although_nobody_closes_it()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "capture.pcap");
        var time = new FakeTime();
        using var writer = new PcapWriter(file, time);
        byte[] frame = Frame(MacAddress.Broadcast, new MacAddress(1), 7);
        writer.Write(frame, default);
        writer.Write(frame, default);
        Assert.Equal(24, new FileInfo(file).Length);
        time.Fire();
        Assert.Equal(24 + (2 * (16 + frame.Length)), new FileInfo(file).Length);
        writer.Write(frame, default);
        time.Fire();
        Assert.Equal(24 + (3 * (16 + frame.Length)), new FileInfo(file).Length);
    }

    private static byte[] Frame(MacAddress destination, MacAddress source, byte mark)
    {
        byte[] frame = new byte[60];
        destination.Write(frame);
        source.Write(frame.AsSpan(6));
        frame[12] = 0x88;
        frame[13] = 0xb5;
        frame[14] = mark;
        return frame;
    }
}
