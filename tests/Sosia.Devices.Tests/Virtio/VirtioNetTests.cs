using System;
using Sosia.Core.Snapshots;
using Sosia.Devices.Network;
using Sosia.Net;
using Sosia.Net.Frames;
using Xunit;

namespace Sosia.Devices.Tests.Virtio;

public sealed class VirtioNetTests
{
    private const ulong Mac = 1UL << 5;
    private const ulong Checksum = 1UL << 0;
    private const ulong GuestChecksum = 1UL << 1;
    private const ulong GuestSegmentation = 1UL << 7;
    private const ulong HostSegmentation = 1UL << 11;
    private const ulong Mergeable = 1UL << 15;
    private const ulong Control = (1UL << 17) | (1UL << 18);
    private const ulong Buffers = VirtioBench.RamBase + 0x10_0000;

    private static readonly MacAddress Address = new(0x5254_0012_3456);

    [Fact]
    public void The_driver_sees_address_and_link()
    {
        using var net = new Net(Mac);
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal((byte)(Address.Value >> (40 - (8 * i))), (byte)net.Driver.ReadConfiguration(i, 1));
        }

        Assert.Equal(1UL, net.Driver.ReadConfiguration(6, 2));
        net.Device.IsLinkUp = false;
        Assert.Equal(0UL, net.Driver.ReadConfiguration(6, 2));
        Assert.Equal(2u, net.Driver.TakeInterrupts() & 2);
    }

    [Fact]
    public void A_frame_of_the_driver_goes_out_with_what_is_left_to_do()
    {
        using var net = new Net(Checksum | HostSegmentation);
        net.Cable.Backend.AcceptsOffloads = true;
        byte[] frame = Frame(60_000);
        net.Bench.Memory.WriteBytes(Buffers, [1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0]);
        net.Bench.Memory.WriteBytes(Buffers + 0x100, frame);
        net.Driver.Submit(1, new GuestBuffer(Buffers, 12), new GuestBuffer(Buffers + 0x100, 30_000), new GuestBuffer(Buffers + 0x100 + 30_000, 30_000));
        Assert.True(net.Cable.Backend.TryPeek(out Span<byte> got, out FrameOffload offload));
        Assert.Equal(frame, got.ToArray());
        Assert.Equal(new FrameOffload(34, 16, 1460), offload);
        Assert.True(net.Driver.Queues[1].TryTake(out _, out _));
    }

    [Fact]
    public void A_large_frame_fills_as_many_buffers_as_it_takes()
    {
        using var net = new Net(Mergeable | GuestChecksum | GuestSegmentation);
        Assert.True(net.Cable.Backend.PeerAcceptsOffloads);
        byte[] frame = Frame(5000);
        Assert.True(net.Cable.Backend.TrySend(frame, new FrameOffload(34, 16, 1460)));
        net.Device.ServiceCable();
        for (int i = 0; i < 2; i++)
        {
            net.Driver.Submit(0, new GuestBuffer(Buffers + (ulong)(i * 2000), 2000, IsWritable: true));
        }

        // Two are not enough: none is used.
        Assert.False(net.Driver.Queues[0].TryTake(out _, out _));
        net.Driver.Submit(0, new GuestBuffer(Buffers + 4000, 2000, IsWritable: true));
        byte[] all = new byte[5012];
        uint[] lengths = new uint[3];
        for (int i = 0; i < 3; i++)
        {
            Assert.True(net.Driver.Queues[0].TryTake(out _, out lengths[i]));
        }

        net.Bench.Memory.ReadBytes(Buffers, all);
        Assert.Equal([2000u, 2000u, 1012u], lengths);
        Assert.Equal([1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 3, 0], all[..12]);
        Assert.Equal(frame, all[12..]);
    }

    [Fact]
    public void The_filter_lets_through_what_the_driver_asked_for()
    {
        using var net = new Net(Control);
        for (int i = 0; i < 8; i++)
        {
            net.Driver.Submit(0, new GuestBuffer(Buffers + (ulong)(i * 2048), 2048, IsWritable: true));
        }

        net.Send(new MacAddress(0x5254_0000_0001));
        net.Send(new MacAddress(0x0100_5e00_0001));
        Assert.False(net.Driver.Queues[0].TryTake(out _, out _));
        net.Send(Address);
        net.Send(MacAddress.Broadcast);
        Assert.Equal(0, net.Command(1, 0, [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1]));
        net.Send(new MacAddress(0x0100_5e00_0001));
        Assert.Equal(0, net.Command(0, 0, [1]));
        net.Send(new MacAddress(0x5254_0000_0001));
        Assert.Equal(1, net.Command(9, 9, [1]));
        int count = 0;
        while (net.Driver.Queues[0].TryTake(out _, out _))
        {
            count++;
        }

        Assert.Equal(4, count);
    }

    [Fact]
    public void A_full_cable_makes_the_driver_wait_and_nothing_is_lost()
    {
        using var net = new Net(0);
        byte[] frame = Frame(60_000);
        net.Bench.Memory.WriteBytes(Buffers, new byte[12]);
        net.Bench.Memory.WriteBytes(Buffers + 12, frame);
        for (int i = 0; i < 30; i++)
        {
            net.Driver.Submit(1, new GuestBuffer(Buffers, 60_012));
        }

        int woken = 0;
        net.Cable.Card.Wake = () => woken++;
        int count = 0;
        for (int rounds = 0; rounds < 10; rounds++)
        {
            while (net.Cable.Backend.TryPeek(out _, out _))
            {
                net.Cable.Backend.Release();
                count++;
            }

            net.Device.ServiceCable();
        }

        Assert.Equal(30, count);
        Assert.NotEqual(0, woken);
    }

    [Fact]
    public void The_filter_and_the_address_survive_saving_and_restoring()
    {
        using var net = new Net(Control | (1UL << 23));
        Assert.Equal(0, net.Command(1, 1, [2, 0, 0, 0, 0, 9]));
        Assert.Equal(0, net.Command(1, 0, [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1]));
        var writer = new SnapshotWriter();
        net.Device.Save(writer);
        byte[] saved = writer.ToArray();
        using var other = new Net(0);
        other.Device.Restore(new SnapshotReader("net", 1, saved));
        var again = new SnapshotWriter();
        other.Device.Save(again);
        Assert.Equal(saved, again.ToArray());
    }

    private static byte[] Frame(int byteCount)
    {
        byte[] frame = new byte[byteCount];
        new Random(1).NextBytes(frame);
        Address.Write(frame);
        frame[12] = 8;
        frame[13] = 0;
        frame[14] = 0x45;
        frame[23] = 6;
        frame[46] = 0x50;
        return frame;
    }

    private sealed class Net : IDisposable
    {
        public Net(ulong features)
        {
            Bench = new VirtioBench();
            Device = new VirtioNetDevice(Bench.Context, "net", Cable.Card, Address);
            Driver = new MmioGuestDriver(Bench, Device);
            Driver.Start(features, 3, 32);
        }

        public VirtioBench Bench { get; }

        public NetworkCable Cable { get; } = new();

        public VirtioNetDevice Device { get; }

        public GuestDriver Driver { get; }

        public void Send(MacAddress destination)
        {
            byte[] frame = Frame(100);
            destination.Write(frame);
            Assert.True(Cable.Backend.TrySend(frame));
            Device.ServiceCable();
        }

        public byte Command(byte kind, byte command, byte[] data)
        {
            ulong at = VirtioBench.RamBase + 0x18_0000;
            Bench.Memory.WriteBytes(at, [kind, command]);
            Bench.Memory.WriteBytes(at + 2, data);
            Driver.Submit(2, new GuestBuffer(at, (uint)(2 + data.Length)), new GuestBuffer(at + 0x1000, 1, IsWritable: true));
            Assert.True(Driver.Queues[2].TryTake(out _, out _));
            return (byte)Bench.Memory.Read(at + 0x1000, 1);
        }

        public void Dispose()
        {
            Cable.Dispose();
            Bench.Dispose();
        }
    }
}
