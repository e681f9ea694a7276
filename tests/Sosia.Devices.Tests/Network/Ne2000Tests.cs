using System;
using System.Buffers.Binary;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;
using Sosia.Devices.Network;
using Sosia.Devices.Network.Ne2000;
using Sosia.Devices.Tests.Support;
using Sosia.Net;
using Sosia.Net.Frames;
using Xunit;

namespace Sosia.Devices.Tests.Network;

public sealed class Ne2000Tests
{
    private const int Base = 0x300;
    private const int Data = 0x10;
    private const byte Start = 0x22;
    private const byte Stop = 0x21;

    private static readonly MacAddress Address = new(0x5254_0012_3456);

    [Fact]
    public void The_prom_shows_the_address_and_the_signature_in_bytes_and_in_words()
    {
        using var bench = new Bench();
        byte[] doubled = bench.ReadMemory(0, 32, isWord: false);
        byte[] single = new byte[16];
        bench.BeginRemote(0, 32, isWord: true, read: true);
        for (int i = 0; i < 16; i++)
        {
            // As Linux does it: bytes of a port in word mode are every other byte of the memory.
            single[i] = bench.In(Data);
            Assert.Equal(single[i], doubled[2 * i]);
            Assert.Equal(single[i], doubled[(2 * i) + 1]);
        }

        Assert.Equal(Address, MacAddress.Read(single));
        Assert.Equal(0x57, single[14]);
        Assert.Equal(0x57, single[15]);
        Assert.Equal(0x40, bench.In(7) & 0x40);
    }

    [Fact]
    public void Reading_the_reset_port_stops_the_card_and_says_so()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        Assert.Equal(0, bench.In(7) & 0x80);
        bench.In(0x1f);
        Assert.Equal(0x80, bench.In(7) & 0x80);
        Assert.Equal(Stop, bench.In(0));
        bench.Out(7, 0xff);
        Assert.Equal(0x80, bench.In(7));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void What_was_written_to_the_memory_is_read_back_and_the_end_is_reported(int width)
    {
        using var bench = new Bench();
        byte[] bytes = new byte[100];
        new Random(width).NextBytes(bytes);
        bench.Out(7, 0x40);
        bench.BeginRemote(0x4100, bytes.Length, isWord: width > 1, read: false);
        for (int i = 0; i < bytes.Length; i += width)
        {
            Assert.Equal(0, bench.In(7) & 0x40);
            uint value = 0;
            for (int k = 0; k < width; k++)
            {
                value |= (uint)bytes[i + k] << (8 * k);
            }

            bench.Ports.WritePort(Data, width, value);
        }

        Assert.Equal(0x40, bench.In(7) & 0x40);
        Assert.Equal(bytes, bench.ReadMemory(0x4100, bytes.Length, isWord: false));
        Assert.Equal(bytes, bench.ReadMemory(0x4100, bytes.Length, isWord: true));
    }

    [Fact]
    public void Memory_that_the_card_does_not_have_floats_and_swallows()
    {
        using var bench = new Bench();
        bench.BeginRemote(0x8000, 2, isWord: true, read: false);
        bench.Ports.WritePort(Data, 2, 0x1234);
        Assert.Equal([0xff, 0xff], bench.ReadMemory(0x8000, 2, isWord: true));
    }

    [Fact]
    public void A_frame_is_sent_and_interrupts()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        bench.Out(0xf, 2);
        byte[] frame = bench.Frame(100);
        bench.Send(frame);
        Assert.Equal(frame, bench.TakeSent());
        Assert.Equal(1, bench.In(4));
        Assert.Equal(2, bench.In(7) & 2);
        Assert.Equal(0, bench.In(0) & 4);
        Assert.True(bench.InterruptIsAsserted);
        bench.Out(7, 2);
        Assert.False(bench.InterruptIsAsserted);
    }

    [Fact]
    public void A_frame_for_which_the_cable_has_no_room_is_sent_later()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        byte[] filler = new byte[60_000];
        while (bench.Cable.Card.TrySend(filler))
        {
        }

        while (bench.Cable.Card.TrySend(filler.AsSpan(0, 60)))
        {
        }

        byte[] frame = bench.Frame(1500);
        bench.Send(frame);
        Assert.Equal(4, bench.In(0) & 4);
        Assert.Equal(0, bench.In(7) & 2);
        byte[]? last = null;
        while (bench.TakeSent() is { } sent)
        {
            last = sent;
        }

        Assert.NotEqual(frame, last);
        bench.Card.ServiceCable();
        Assert.Equal(frame, bench.TakeSent());
        Assert.Equal(2, bench.In(7) & 2);
    }

    [Fact]
    public void A_frame_in_loopback_does_not_leave_the_card()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        bench.Out(0xd, 2);
        bench.Send(bench.Frame(100));
        Assert.Null(bench.TakeSent());
        Assert.Equal(2, bench.In(7) & 2);
    }

    [Fact]
    public void A_received_frame_lies_in_the_ring_with_its_header_and_check_sequence()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        bench.Out(0xf, 1);
        byte[] frame = bench.Frame(300);
        Assert.True(bench.Cable.Backend.TrySend(frame));
        bench.Card.ServiceCable();
        Assert.True(bench.InterruptIsAsserted);
        byte[] stored = bench.ReadMemory(0x4700, 308, isWord: true);
        Assert.Equal([1, 0x49, 304 & 0xff, 304 >> 8], stored[..4]);
        Assert.Equal(frame, stored[4..304]);
        Assert.Equal(FrameCheckSequence.Compute(frame), BinaryPrimitives.ReadUInt32LittleEndian(stored.AsSpan(304)));
        Assert.Equal(0x49, bench.Current);
    }

    [Fact]
    public void The_check_sequence_is_that_of_IEEE_802_3()
        => Assert.Equal(0xcbf4_3926u, FrameCheckSequence.Compute("123456789"u8));

    [Fact]
    public void A_driver_that_chooses_a_page_without_the_start_bit_still_receives()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        // As iPXE's driver polls: page 1, the current page, page 0.
        bench.Out(0, 0x40);
        byte current = bench.In(7);
        bench.Out(0, 0x00);
        Assert.True(bench.Cable.Backend.TrySend(bench.Frame(100)));
        bench.Card.ServiceCable();
        bench.Out(0, 0x40);
        Assert.NotEqual(current, bench.In(7));
        bench.Out(0, Stop);
        bench.Out(0, 0x00);
        Assert.Equal(Stop & 3, bench.In(0) & 3);
    }

    [Fact]
    public void Short_frames_are_padded()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        Assert.True(bench.Cable.Backend.TrySend(bench.Frame(42)));
        bench.Card.ServiceCable();
        byte[] stored = bench.ReadMemory(0x4700, 68, isWord: true);
        Assert.Equal(64, stored[2]);
        Assert.All(stored[46..64], b => Assert.Equal(0, b));
    }

    [Fact]
    public void Frames_wrap_at_the_rings_end_and_wait_for_room()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        // The ring has 58 pages, and a frame of 1,500 bytes takes six: nine fit, and the tenth waits.
        byte[] frame = bench.Frame(1500);
        for (int i = 0; i < 12; i++)
        {
            frame[20] = (byte)i;
            Assert.True(bench.Cable.Backend.TrySend(frame));
        }

        bench.Card.ServiceCable();
        for (byte i = 0; i < 12; i++)
        {
            byte next = (byte)(bench.In(3) + 1 == 0x80 ? 0x46 : bench.In(3) + 1);
            byte[] stored = bench.ReadMemory(next << 8, 4 + 1500, isWord: true);
            frame[20] = i;
            Assert.Equal(frame, stored[4..]);
            // As drivers do: one page behind the next frame.
            bench.Out(3, stored[1] == 0x46 ? 0x7f : stored[1] - 1);
            bench.Board.Advance(10);
        }

        Assert.Equal(bench.Current, bench.In(3) + 1 == 0x80 ? 0x46 : bench.In(3) + 1);
        Assert.True(bench.Cable.Backend.PeerHasTakenAll);
        Assert.Equal(0, bench.In(7) & 0x10);
    }

    [Theory]
    [InlineData("52:54:00:12:34:56", 0x00, true)]
    [InlineData("52:54:00:12:34:57", 0x00, false)]
    [InlineData("52:54:00:12:34:57", 0x10, true)]
    [InlineData("ff:ff:ff:ff:ff:ff", 0x00, false)]
    [InlineData("ff:ff:ff:ff:ff:ff", 0x04, true)]
    [InlineData("01:00:5e:00:00:01", 0x08, true)]
    [InlineData("01:00:5e:00:00:02", 0x08, false)]
    [InlineData("01:00:5e:00:00:01", 0x00, false)]
    public void Frames_pass_the_filter_that_the_driver_has_set(string destination, int configuration, bool passes)
    {
        using var bench = new Bench();
        bench.StartReceiver();
        bench.Out(0xc, configuration);
        // What drivers compute for 01:00:5e:00:00:01: the upper six bits of its check sequence, 1Fh.
        bench.Out(0, 0x40 | Start);
        bench.Out(8 + (0x1f / 8), 1 << (0x1f % 8));
        bench.Out(0, Start);
        byte[] frame = bench.Frame(100);
        Assert.True(MacAddress.TryParse(destination, out MacAddress mac));
        mac.Write(frame);
        Assert.True(bench.Cable.Backend.TrySend(frame));
        bench.Card.ServiceCable();
        Assert.True(bench.Cable.Backend.PeerHasTakenAll);
        Assert.Equal(passes ? 1 : 0, bench.In(7) & 1);
    }

    [Fact]
    public void Send_packet_reads_the_next_frame_of_the_ring()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        byte[] frame = bench.Frame(100);
        Assert.True(bench.Cable.Backend.TrySend(frame));
        bench.Card.ServiceCable();
        bench.Out(3, 0x47);
        bench.Out(0, 0x1a);
        byte[] got = new byte[104];
        for (int i = 0; i < got.Length; i += 2)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(got.AsSpan(i), (ushort)bench.Ports.ReadPort(Data, 2));
        }

        Assert.Equal(frame, got[4..]);
        Assert.Equal(0x40, bench.In(7) & 0x40);
    }

    [Fact]
    public void A_card_that_is_saved_in_the_middle_of_a_transfer_goes_on_after_it_is_restored()
    {
        using var bench = new Bench();
        bench.StartReceiver();
        bench.Out(0xf, 0x41);
        byte[] frame = bench.Frame(100);
        Assert.True(bench.Cable.Backend.TrySend(frame));
        bench.Card.ServiceCable();
        bench.BeginRemote(0x4700, 104, isWord: true, read: true);
        byte[] got = new byte[104];
        using var other = new Bench();
        for (int i = 0; i < got.Length; i += 2)
        {
            if (i == 50)
            {
                TestBoard.Transfer((ISnapshotable)bench.Card, (ISnapshotable)other.Card);
            }

            BinaryPrimitives.WriteUInt16LittleEndian(got.AsSpan(i), (ushort)(i < 50 ? bench : other).Ports.ReadPort(Data, 2));
        }

        Assert.Equal(frame, got[4..]);
        Assert.Equal(0x41, other.In(7) & 0x41);
        Assert.Equal(bench.Current, other.Current);
    }

    [Fact]
    public void The_card_on_PCI_says_that_it_is_a_Realtek()
    {
        using var board = new TestBoard();
        using var cable = new NetworkCable();
        var card = new Ne2000PciCard("ne2k", board.Clock, cable.Card, Address);
        Assert.Equal(0x8029_10ecu, card.ReadConfiguration(0, 4));
        Assert.Equal(0x0200u, card.ReadConfiguration(10, 2));
        card.WriteConfiguration(0x10, 4, uint.MaxValue);
        Assert.Equal(0xffff_ffe1u, card.ReadConfiguration(0x10, 4));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Registers_of_garbage_do_no_harm(int seed)
    {
        using var bench = new Bench();
        var random = new Random(seed);
        for (int i = 0; i < 50_000; i++)
        {
            int port = random.Next(3) == 0 ? Data : random.Next(0x20);
            bench.Ports.WritePort((ushort)port, 1 << random.Next(3), (uint)random.NextInt64(1L << 32));
            bench.Ports.ReadPort((ushort)random.Next(port == 0 ? 0x18 : 0x20), 1 << random.Next(3));
            if (i % 50 == 0)
            {
                bench.Out(0, Start);
                bench.Cable.Backend.TrySend(bench.Frame(14 + random.Next(1600)));
                bench.Board.Advance(1000);
                bench.Card.ServiceCable();
                while (bench.TakeSent() is not null)
                {
                }
            }
        }
    }

    private sealed class Bench : IDisposable
    {
        public Bench()
        {
            var card = new Ne2000IsaCard("ne2k", Board.Clock, Board.Line(9), Cable.Card, Address);
            card.Map(Board.Ports);
            Card = card;
            Ports = new PortsOf(Board.Ports);
        }

        public TestBoard Board { get; } = new();

        public NetworkCable Cable { get; } = new();

        public INetworkCard Card { get; }

        public IPortDevice Ports { get; }

        public bool InterruptIsAsserted => Board.Irqs[9];

        public byte Current
        {
            get
            {
                Out(0, 0x40 | Start);
                byte current = In(7);
                Out(0, Start);
                return current;
            }
        }

        public byte In(int port) => (byte)Ports.ReadPort((ushort)port, 1);

        public void Out(int port, int value) => Ports.WritePort((ushort)port, 1, (uint)value);

        // As Linux does it: transmit buffers at 40h, the ring from 46h to 80h.
        public void StartReceiver()
        {
            Out(0, Stop);
            Out(0xe, 0x49);
            Out(0xc, 4);
            Out(0xd, 0);
            Out(1, 0x46);
            Out(2, 0x80);
            Out(3, 0x46);
            Out(7, 0xff);
            Out(0, 0x40 | Stop);
            Span<byte> mac = stackalloc byte[6];
            Address.Write(mac);
            for (int i = 0; i < 6; i++)
            {
                Out(1 + i, mac[i]);
            }

            Out(7, 0x47);
            Out(0, Start);
        }

        public void BeginRemote(int address, int byteCount, bool isWord, bool read)
        {
            Out(0, Start);
            Out(0xe, isWord ? 0x49 : 0x48);
            Out(8, address & 0xff);
            Out(9, address >> 8);
            Out(0xa, byteCount & 0xff);
            Out(0xb, byteCount >> 8);
            Out(0, read ? 0x0a : 0x12);
        }

        public byte[] ReadMemory(int address, int byteCount, bool isWord)
        {
            BeginRemote(address, byteCount, isWord, read: true);
            byte[] bytes = new byte[byteCount];
            for (int i = 0; i < byteCount; i += isWord ? 2 : 1)
            {
                uint value = Ports.ReadPort(Data, isWord ? 2 : 1);
                bytes[i] = (byte)value;
                if (isWord)
                {
                    bytes[i + 1] = (byte)(value >> 8);
                }
            }

            return bytes;
        }

        public byte[] Frame(int byteCount)
        {
            byte[] frame = new byte[byteCount];
            new Random(byteCount).NextBytes(frame);
            Address.Write(frame);
            return frame;
        }

        public void Send(byte[] frame)
        {
            BeginRemote(0x4000, frame.Length, isWord: true, read: false);
            for (int i = 0; i < frame.Length; i += 2)
            {
                Ports.WritePort(Data, 2, BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(i)));
            }

            Out(4, 0x40);
            Out(5, frame.Length & 0xff);
            Out(6, frame.Length >> 8);
            Out(0, 0x26);
        }

        public byte[]? TakeSent()
        {
            if (!Cable.Backend.TryPeek(out Span<byte> frame, out _))
            {
                return null;
            }

            byte[] copy = frame.ToArray();
            Cable.Backend.Release();
            return copy;
        }

        public void Dispose()
        {
            Cable.Dispose();
            Board.Dispose();
        }
    }

    // The card's ports as the bus has them, counted from the first.
    private sealed class PortsOf(PortBus bus) : IPortDevice
    {
        public uint ReadPort(ushort offset, int byteCount) => bus.Read((ushort)(Base + offset), byteCount);

        public void WritePort(ushort offset, int byteCount, uint value) => bus.Write((ushort)(Base + offset), byteCount, value);
    }
}
