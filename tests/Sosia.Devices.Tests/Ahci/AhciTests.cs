using System;
using Sosia.Devices.Tests.Block;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Ahci;

public sealed class AhciTests : IDisposable
{
    private const uint Port = (uint)AhciBench.Port;

    private readonly MemoryBackend _disk = new(4 << 20);
    private readonly AhciBench _bench;

    public AhciTests()
    {
        new Random(3).NextBytes(_disk.Bytes);
        _bench = new AhciBench(_disk);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_link_comes_up_when_its_port_spins_up()
    {
        Assert.Equal(0x8000_0000u, _bench.Read(AhciBench.Registers + 4));
        Assert.Equal(0x3fu, _bench.Read(AhciBench.Registers + 0xc));
        Assert.Equal(0u, _bench.Read(Port + AhciBench.SataStatus));
        Assert.Equal(0x7fu, _bench.Read(Port + AhciBench.TaskFile));
        _bench.Write(Port + AhciBench.Command, 0x02);
        Assert.Equal(0x123u, _bench.Read(Port + AhciBench.SataStatus));
        Assert.Equal(0x0400_0000u, _bench.Read(Port + AhciBench.SataError));
        Assert.Equal(0x40u, _bench.Read(Port + AhciBench.InterruptStatus));
        Assert.Equal(0x101u, _bench.Read(Port + AhciBench.Signature));
        Assert.Equal(0x150u, _bench.Read(Port + AhciBench.TaskFile));
        // A port without a device stays silent.
        _bench.Write(Port + 0x80 + AhciBench.Command, 0x02);
        Assert.Equal(0u, _bench.Read(Port + 0x80 + AhciBench.SataStatus));
        Assert.Equal(0xffff_ffffu, _bench.Read(Port + 0x80 + AhciBench.Signature));
    }

    [Fact]
    public void COMRESET_takes_the_link_down_and_brings_it_up_with_the_signature_frame()
    {
        _bench.Start();
        _bench.Write(Port + AhciBench.Command, 0x12);
        _bench.Board.Memory.Write(AhciBench.Frames + 0x40, 8, 0);
        _bench.Write(Port + AhciBench.SataControl, 1);
        Assert.Equal(0u, _bench.Read(Port + AhciBench.SataStatus));
        _bench.Write(Port + AhciBench.SataControl, 0);
        Assert.Equal(0x123u, _bench.Read(Port + AhciBench.SataStatus));
        Assert.Equal(0x0150_0034u, _bench.Read(AhciBench.Frames + 0x40));
    }

    [Fact]
    public void DMA_commands_move_data_and_end_with_a_register_frame()
    {
        _bench.Start();
        _bench.Prepare(3, 0x25, 17, 9, isWrite: false, (AhciBench.Data, 1024), (AhciBench.Data + 0x1_0000, 3584));
        _bench.Write(Port + AhciBench.Issue, 1 << 3);
        _bench.Settle();
        Assert.Equal(0u, _bench.Read(Port + AhciBench.Issue));
        Assert.Equal(1u, _bench.Read(Port + AhciBench.InterruptStatus));
        Assert.Equal(1u, _bench.Read(AhciBench.Registers + 8));
        Assert.True(_bench.Wires.IsAsserted);
        Assert.Equal(9u * 512, _bench.Read(AhciBench.CommandList + (3 * 32) + 4));
        Assert.Equal(_disk.Part(17 * 512, 1024), _bench.Memory(AhciBench.Data, 1024));
        Assert.Equal(_disk.Part(19 * 512, 3584), _bench.Memory(AhciBench.Data + 0x1_0000, 3584));
        _bench.Write(Port + AhciBench.InterruptStatus, 1);
        _bench.Write(AhciBench.Registers + 8, 1);
        Assert.False(_bench.Wires.IsAsserted);

        _bench.Prepare(0, 0x35, 100, 8, isWrite: true, (AhciBench.Data, 4096));
        _bench.Write(Port + AhciBench.Issue, 1);
        _bench.Settle();
        Assert.Equal(_bench.Memory(AhciBench.Data, 4096), _disk.Part(100 * 512, 4096));
    }

    [Fact]
    public void Identify_ends_with_a_PIO_setup_frame()
    {
        _bench.Start();
        _bench.Prepare(0, 0xec, 0, 0, isWrite: false, (AhciBench.Data, 512));
        _bench.Write(Port + AhciBench.Issue, 1);
        _bench.Settle();
        Assert.Equal(2u, _bench.Read(Port + AhciBench.InterruptStatus));
        Assert.Equal(0x5f, _bench.Memory(AhciBench.Frames + 0x20, 1)[0]);
        // Serial ATA: no cable to describe, but a queue.
        Assert.Equal([0x1f, 0, 6, 1], _bench.Memory(AhciBench.Data + 150, 4));
        Assert.Equal([0, 0], _bench.Memory(AhciBench.Data + 186, 2));
    }

    [Fact]
    public void Queued_commands_end_by_themselves_with_device_bits()
    {
        _bench.Start();
        for (int slot = 0; slot < 32; slot++)
        {
            _bench.Prepare(slot, 0x60, (ulong)slot * 4, 4, isWrite: false, (AhciBench.Data + ((uint)slot * 2048), 2048));
        }

        _bench.Write(Port + AhciBench.SataActive, 0xffff_ffff);
        _bench.Write(Port + AhciBench.Issue, 0xffff_ffff);
        _bench.Settle();
        Assert.Equal(0u, _bench.Read(Port + AhciBench.SataActive));
        Assert.Equal(0u, _bench.Read(Port + AhciBench.Issue));
        Assert.Equal(8u, _bench.Read(Port + AhciBench.InterruptStatus));
        Assert.Equal(_disk.Part(0, 65536), _bench.Memory(AhciBench.Data, 65536));
        Assert.Equal(0xa1, _bench.Memory(AhciBench.Frames + 0x58, 1)[0]);
    }

    [Fact]
    public void An_error_halts_the_port_until_it_is_started_again()
    {
        _bench.Start();
        _bench.Prepare(0, 0x25, 1 << 20, 1, isWrite: false, (AhciBench.Data, 512));
        _bench.Prepare(1, 0x25, 0, 1, isWrite: false, (AhciBench.Data, 512));
        _bench.Write(Port + AhciBench.Issue, 3);
        _bench.Settle();
        Assert.Equal(3u, _bench.Read(Port + AhciBench.Issue));
        Assert.Equal(0x4000_0001u, _bench.Read(Port + AhciBench.InterruptStatus));
        Assert.Equal(0x1051u, _bench.Read(Port + AhciBench.TaskFile));
        _bench.Write(Port + AhciBench.Command, 0x12);
        Assert.Equal(0u, _bench.Read(Port + AhciBench.Issue));
        _bench.Write(Port + AhciBench.Command, 0x13);
        _bench.Write(Port + AhciBench.Issue, 2);
        _bench.Settle();
        Assert.Equal(0u, _bench.Read(Port + AhciBench.Issue));
    }

    [Fact]
    public void A_queued_error_is_told_by_the_log()
    {
        _bench.Start();
        _bench.Prepare(5, 0x60, 1 << 20, 1, isWrite: false, (AhciBench.Data, 512));
        _bench.Write(Port + AhciBench.SataActive, 1 << 5);
        _bench.Write(Port + AhciBench.Issue, 1 << 5);
        _bench.Settle();
        Assert.Equal(1u << 5, _bench.Read(Port + AhciBench.SataActive));
        Assert.Equal(0x4000_0008u, _bench.Read(Port + AhciBench.InterruptStatus));
        _bench.Write(Port + AhciBench.Command, 0x12);
        _bench.Write(Port + AhciBench.Command, 0x13);
        _bench.Prepare(0, 0x2f, 0x10, 1, isWrite: false, (AhciBench.Data, 512));
        _bench.Write(Port + AhciBench.Issue, 1);
        _bench.Settle();
        Assert.Equal([5, 0, 0x51, 0x10], _bench.Memory(AhciBench.Data, 4));
    }

    [Fact]
    public void Structures_outside_RAM_are_a_fatal_bus_error()
    {
        _bench.Start();
        _bench.Prepare(0, 0x25, 0, 1, isWrite: false, (0xf000_0000, 512));
        _bench.Write(Port + AhciBench.Issue, 1);
        _bench.Settle();
        Assert.Equal(0x2000_0000u, _bench.Read(Port + AhciBench.InterruptStatus));
        _bench.Write(Port + AhciBench.InterruptStatus, 0xffff_ffff);
        _bench.Write(Port + AhciBench.Command, 0x12);
        _bench.Write(Port, 0xf000_0000);
        _bench.Write(Port + AhciBench.Command, 0x13);
        _bench.Write(Port + AhciBench.Issue, 1);
        _bench.Settle();
        Assert.Equal(0x2000_0000u, _bench.Read(Port + AhciBench.InterruptStatus));
    }

    [Fact]
    public void A_software_reset_by_control_frames_gives_the_signature_again()
    {
        _bench.Start();
        byte[] frame = new byte[20];
        frame[0] = 0x27;
        frame[15] = 4;
        _bench.PrepareFrame(0, frame, 1 << 10);
        _bench.Write(Port + AhciBench.Issue, 1);
        _bench.Settle();
        Assert.Equal(0u, _bench.Read(Port + AhciBench.Issue));
        frame[15] = 0;
        _bench.PrepareFrame(1, frame, 0);
        _bench.Write(Port + AhciBench.Issue, 2);
        _bench.Settle();
        Assert.Equal(0u, _bench.Read(Port + AhciBench.Issue));
        Assert.Equal(0x150u, _bench.Read(Port + AhciBench.TaskFile));
    }

    [Fact]
    public void A_packet_device_takes_its_packet_from_the_table()
    {
        var disc = new MemoryBackend(100 * 2048, isReadOnly: true);
        new Random(5).NextBytes(disc.Bytes);
        using var bench = new AhciBench(null, disc);
        ulong port = AhciBench.Port + 0x80;
        bench.Start(port);
        Assert.Equal(0xeb14_0101u, bench.Read(port + AhciBench.Signature));
        SendPacket(bench, port, 0x00);
        Assert.Equal(0x4000_0001u, bench.Read(port + AhciBench.InterruptStatus));
        Assert.Equal(0x6441u, bench.Read(port + AhciBench.TaskFile));
        bench.Write(port + AhciBench.Command, 0x12);
        bench.Write(port + AhciBench.Command, 0x13);
        SendPacket(bench, port, 0x28, 0, 0, 0, 0, 7, 0, 0, 2, 0);
        Assert.Equal(0u, bench.Read(port + AhciBench.Issue));
        Assert.Equal(disc.Part(7 * 2048, 4096), bench.Memory(AhciBench.Data, 4096));
    }

    [Fact]
    public void A_full_host_holds_a_write_across_saving_and_restoring()
    {
        using var other = new AhciBench(_disk);
        _bench.Start();
        _disk.NextResult = BlockResult.NoSpace;
        _bench.Board.Memory.Write(AhciBench.Data, 8, 0x1122_3344_5566_7788);
        _bench.Prepare(2, 0x61, 100, 8, isWrite: true, (AhciBench.Data, 4096));
        _bench.Write(Port + AhciBench.SataActive, 4);
        _bench.Write(Port + AhciBench.Issue, 4);
        _bench.Settle();
        Assert.True(Assert.Single(_bench.Faults.FindAll(f => f.StopsMachine)[..1]).StopsMachine);
        Assert.Equal(4u, _bench.Read(Port + AhciBench.SataActive));
        _bench.MoveTo(other);
        _disk.NextResult = BlockResult.Ok;
        other.Settle();
        Assert.Equal(0u, other.Read(Port + AhciBench.SataActive));
        Assert.Equal(8u, other.Read(Port + AhciBench.InterruptStatus));
        Assert.Equal(other.Memory(AhciBench.Data, 4096), _disk.Part(100 * 512, 4096));
    }

    private static void SendPacket(AhciBench bench, ulong port, params byte[] packet)
    {
        byte[] frame = new byte[20];
        frame[0] = 0x27;
        frame[1] = 0x80;
        frame[2] = 0xa0;
        frame[3] = 1;
        bench.PrepareFrame(0, frame, 0x20, (AhciBench.Data, 4096));
        byte[] padded = new byte[16];
        packet.CopyTo(padded, 0);
        bench.Board.Memory.WriteBytes(AhciBench.Tables + 0x40, padded);
        bench.Write(port + AhciBench.InterruptStatus, 0xffff_ffff);
        bench.Write(port + AhciBench.Issue, 1);
        bench.Settle();
    }
}
