using System;
using System.Buffers.Binary;
using Sosia.Core.Snapshots;
using Sosia.Devices.Network.E1000;
using Sosia.Devices.Pci;
using Sosia.Devices.Tests.Support;
using Sosia.Net;
using Sosia.Net.Frames;
using Xunit;

namespace Sosia.Devices.Tests.Network;

public sealed class E1000Tests
{
    private const ulong TransmitRing = 0x1_0000;
    private const ulong ReceiveRing = 0x2_0000;
    private const ulong Buffers = 0x3_0000;

    private static readonly MacAddress Address = new(0x5254_0012_3456);

    [Fact]
    public void The_eeprom_has_the_address_and_its_checksum_is_right_read_both_ways()
    {
        using var bench = new Bench();
        int sum = 0;
        for (uint i = 0; i < 64; i++)
        {
            bench.Write(0x14, (i << 8) | 1);
            uint word = bench.Read(0x14);
            Assert.Equal(0x10u, word & 0x10);
            Assert.Equal(word >> 16, bench.ReadMicrowire((int)i));
            sum += (int)(word >> 16);
        }

        Assert.Equal(0xbaba, sum & 0xffff);
        Assert.Equal(0x12005452u, bench.Read(0x5400));
        Assert.Equal(0x80005634u, bench.Read(0x5404));
    }

    [Fact]
    public void The_transceiver_is_a_marvell_with_a_link()
    {
        using var bench = new Bench();
        bench.Write(0x20, (2u << 26) | (1 << 21) | (2 << 16));
        Assert.Equal(0x1000_0141u, bench.Read(0x20) & 0x1000_ffff);
        bench.Write(0x20, (2u << 26) | (1 << 21) | (1 << 16));
        Assert.Equal(0x24u, bench.Read(0x20) & 0x24);
        bench.Write(0x20, (2u << 26) | (2 << 21));
        Assert.NotEqual(0u, bench.Read(0x20) & (1 << 30));
        Assert.Equal(2u, bench.Read(8) & 2);
    }

    [Fact]
    public void Descriptors_go_out_are_marked_and_interrupt()
    {
        using var bench = new Bench();
        bench.StartTransmitter(8);
        byte[] frame = bench.Frame(100);
        bench.Board.Memory.WriteBytes(Buffers, frame);
        bench.WriteDescriptor(TransmitRing, 0, Buffers, 40 | (0x08u << 24), 0);
        bench.WriteDescriptor(TransmitRing, 1, Buffers + 40, 60 | (0x09u << 24), 0);
        bench.Write(0xd0, 1);
        bench.Write(0x3818, 2);
        bench.Board.Advance(100);
        Assert.True(bench.Cable.Backend.TryPeek(out Span<byte> got, out _));
        Assert.Equal(frame, got.ToArray());
        Assert.Equal(2u, bench.Read(0x3810));
        Assert.Equal(1u, (uint)bench.Board.Memory.Read(TransmitRing + 28, 1));
        Assert.Equal(8u, bench.Card.ReadConfiguration(6, 1) & 8);
        Assert.Equal(3u, bench.Read(0xc0) & 3);
        Assert.Equal(0u, bench.Card.ReadConfiguration(6, 1) & 8);
    }

    [Fact]
    public void A_segmented_send_arrives_as_segments_with_lengths_and_checksums()
    {
        using var bench = new Bench();
        bench.StartTransmitter(8);
        byte[] frame = bench.Frame(54 + 3000);
        frame[12] = 8;
        frame[13] = 0;
        frame[14] = 0x45;
        frame[16] = frame[17] = 0;
        frame[23] = 6;
        frame[46] = 0x50;
        bench.Board.Memory.WriteBytes(Buffers, frame);
        // The context: IP at 14 with its checksum at 24, TCP at 34 with its at 50; 54 bytes of headers, 1460 of data.
        bench.Board.Memory.Write(TransmitRing, 8, 14 | (24ul << 8) | (33ul << 16) | (34ul << 32) | (50ul << 40));
        bench.Board.Memory.Write(TransmitRing + 8, 8, 3000 | (0x27ul << 24) | (54ul << 40) | (1460ul << 48));
        bench.WriteDescriptor(TransmitRing, 1, Buffers, 3054u | (1 << 20) | (0x2du << 24), 3u << 8);
        bench.Write(0x3818, 2);
        bench.Board.Advance(100);
        int[] lengths = [1514, 1514, 134];
        foreach (int length in lengths)
        {
            Assert.True(bench.Cable.Backend.TryPeek(out Span<byte> got, out _));
            Assert.Equal(length, got.Length);
            Assert.Equal(length - 14, BinaryPrimitives.ReadUInt16BigEndian(got[16..]));
            Assert.Equal(0, InternetChecksum.Finish(InternetChecksum.Add(got.Slice(14, 20))));
            uint sum = InternetChecksum.PseudoHeader(BinaryPrimitives.ReadUInt32BigEndian(got[26..]), BinaryPrimitives.ReadUInt32BigEndian(got[30..]), 6, length - 34);
            Assert.Equal(0, InternetChecksum.Finish(InternetChecksum.Add(got[34..], sum)));
            bench.Cable.Backend.Release();
        }
    }

    [Fact]
    public void Frames_for_the_card_fill_descriptors_and_others_do_not()
    {
        using var bench = new Bench();
        bench.StartReceiver(8, control: 0x8002);
        byte[] frame = bench.Frame(100);
        Assert.True(bench.Cable.Backend.TrySend(frame));
        new MacAddress(0x5254_0000_0001).Write(frame);
        Assert.True(bench.Cable.Backend.TrySend(frame));
        MacAddress.Broadcast.Write(frame);
        Assert.True(bench.Cable.Backend.TrySend(frame));
        bench.Card.ServiceCable();
        Assert.Equal(2u, bench.Read(0x2810));
        Assert.Equal(104u, (uint)bench.Board.Memory.Read(ReceiveRing + 8, 2));
        Assert.Equal(7u, (uint)bench.Board.Memory.Read(ReceiveRing + 12, 1));
        byte[] got = new byte[100];
        bench.Board.Memory.ReadBytes(Buffers + 2048, got);
        Assert.Equal(frame, got);
        Assert.Equal(0x80u, bench.Read(0xc0) & 0x80);
    }

    [Fact]
    public void Frames_without_a_buffer_wait_for_one()
    {
        using var bench = new Bench();
        bench.StartReceiver(4, control: 0x8002);
        byte[] frame = bench.Frame(100);
        for (int i = 0; i < 6; i++)
        {
            Assert.True(bench.Cable.Backend.TrySend(frame));
        }

        bench.Card.ServiceCable();
        Assert.Equal(3u, bench.Read(0x2810));
        bench.Write(0x2818, 2);
        bench.Board.Advance(100);
        Assert.Equal(2u, bench.Read(0x2810));
        Assert.True(bench.Cable.Backend.PeerHasTakenAll);
    }

    [Fact]
    public void Interrupts_keep_the_distance_that_the_driver_asked_for()
    {
        using var bench = new Bench();
        bench.Write(0xc4, 1000);
        bench.Write(0xd0, 4);
        bench.Write(0xc8, 4);
        Assert.Equal(8u, bench.Card.ReadConfiguration(6, 1) & 8);
        bench.Read(0xc0);
        bench.Write(0xc8, 4);
        Assert.Equal(0u, bench.Card.ReadConfiguration(6, 1) & 8);
        bench.Board.Advance(256_000);
        Assert.Equal(8u, bench.Card.ReadConfiguration(6, 1) & 8);
    }

    [Fact]
    public void A_card_that_is_saved_in_the_middle_of_a_frame_sends_the_rest_after_it_is_restored()
    {
        using var bench = new Bench();
        bench.StartTransmitter(8);
        byte[] frame = bench.Frame(100);
        bench.Board.Memory.WriteBytes(Buffers, frame);
        bench.WriteDescriptor(TransmitRing, 0, Buffers, 40 | (0x08u << 24), 0);
        bench.Write(0x3818, 1);
        bench.Board.Advance(100);
        using var other = new Bench();
        TestBoard.Transfer(bench.Card, other.Card);
        var writer = new SnapshotWriter();
        other.Card.Save(writer);
        Assert.NotEmpty(writer.ToArray());
        other.Board.Memory.WriteBytes(Buffers, frame);
        other.WriteDescriptor(TransmitRing, 1, Buffers + 40, 60 | (0x09u << 24), 0);
        other.Write(0x3818, 2);
        other.Board.Advance(100);
        Assert.True(other.Cable.Backend.TryPeek(out Span<byte> got, out _));
        Assert.Equal(frame, got.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Registers_and_rings_of_garbage_do_no_harm(int seed)
    {
        using var bench = new Bench();
        var random = new Random(seed);
        uint[] offsets = [0, 0x10, 0x14, 0x20, 0xc0, 0xc4, 0xc8, 0xd0, 0xd8, 0x100, 0x400, 0x2800, 0x2804, 0x2808, 0x2810, 0x2818, 0x3800, 0x3804, 0x3808, 0x3810, 0x3818, 0x5400, 0x5404];
        byte[] page = new byte[4096];
        for (int i = 0; i < 20_000; i++)
        {
            uint offset = random.Next(4) == 0 ? (uint)random.Next(0x2_0000) & ~3u : offsets[random.Next(offsets.Length)];
            uint value = random.Next(3) switch { 0 => (uint)random.NextInt64(1L << 32), 1 => (uint)random.Next(0x4_0000) & ~15u, _ => (uint)random.Next(64) };
            bench.Write(offset, offset == 0 ? value & ~(1u << 26) : value);
            bench.Read(offset);
            if (i % 100 == 0)
            {
                random.NextBytes(page);
                bench.Board.Memory.WriteBytes((ulong)random.Next(0x40) << 12, page);
                bench.Cable.Backend.TrySend(bench.Frame(60 + random.Next(1000)));
                bench.Board.Advance(1000);
                while (bench.Cable.Backend.TryPeek(out _, out _))
                {
                    bench.Cable.Backend.Release();
                }

                bench.Card.ServiceCable();
            }
        }
    }

    private sealed class Bench : IDisposable
    {
        public Bench()
        {
            Board.Memory.MapRam(0, 0, 1 << 20);
            Card = new E1000Card("e1000", Board.Clock, Board.Memory, Cable.Card, Address, Board.Log);
            Card.WriteConfiguration(PciFunction.CommandOffset, 2, PciFunction.CommandBusMaster);
        }

        public TestBoard Board { get; } = new();

        public NetworkCable Cable { get; } = new();

        public E1000Card Card { get; }

        public uint Read(uint offset) => (uint)Card.ReadMmio(offset, 4);

        public void Write(uint offset, uint value) => Card.WriteMmio(offset, 4, value);

        public byte[] Frame(int byteCount)
        {
            byte[] frame = new byte[byteCount];
            new Random(byteCount).NextBytes(frame);
            Address.Write(frame);
            return frame;
        }

        public void WriteDescriptor(ulong ring, int index, ulong address, uint lower, uint upper)
        {
            ulong at = ring + (16 * (ulong)index);
            Board.Memory.Write(at, 8, address);
            Board.Memory.Write(at + 8, 4, lower);
            Board.Memory.Write(at + 12, 4, upper);
        }

        public void StartTransmitter(uint count)
        {
            Write(0x3800, (uint)TransmitRing);
            Write(0x3808, count * 16);
            Write(0x400, 2);
        }

        public void StartReceiver(uint count, uint control)
        {
            for (uint i = 0; i < count; i++)
            {
                WriteDescriptor(ReceiveRing, (int)i, Buffers + (i * 2048), 0, 0);
            }

            Write(0x2800, (uint)ReceiveRing);
            Write(0x2808, count * 16);
            Write(0x2818, count - 1);
            Write(0x100, control);
        }

        public uint ReadMicrowire(int word)
        {
            void Clock(uint data)
            {
                Write(0x10, 2 | data);
                Write(0x10, 3 | data);
                Write(0x10, 2 | data);
            }

            Write(0x10, 2);
            int command = (6 << 6) | word;
            for (int bit = 8; bit >= 0; bit--)
            {
                Clock(((command >> bit) & 1) != 0 ? 4u : 0);
            }

            uint value = 0;
            for (int bit = 0; bit < 16; bit++)
            {
                Clock(0);
                value = (value << 1) | ((Read(0x10) >> 3) & 1);
            }

            Write(0x10, 0);
            return value;
        }

        public void Dispose()
        {
            Cable.Dispose();
            Board.Dispose();
        }
    }
}
