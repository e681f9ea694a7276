using System;
using System.Buffers.Binary;
using System.Linq;
using System.Text;
using Sosia.Core;
using Sosia.Devices.Tests.Block;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Ide;

public sealed class IdeDiskTests : IDisposable
{
    private const byte Ready = 0x50;
    private const byte ReadyWithData = 0x58;
    private const byte ReadyWithError = 0x51;

    private readonly IdeBench _bench = new();
    private readonly MemoryBackend _disk;

    public IdeDiskTests()
    {
        _disk = _bench.AddDisk();
        _bench.PowerOn();
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Identify_describes_the_disk()
    {
        _bench.SetLba(0, 0);
        _bench.Issue(0xec);
        Assert.Equal(1, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.Equal(ReadyWithData, _bench.In(IdeBench.Command));
        byte[] data = _bench.ReadData(512);
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        Assert.Equal(0, data.Sum(b => b) & 0xff);
        Assert.Equal(2048u, BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(120)));
        Assert.Equal(2048UL, BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(200)));
        Assert.Equal(2, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(2)));
        Assert.Equal(16, data[6]);
        Assert.Equal(63, data[12]);
        // What a track and a sector hold, as disks of ATA-1 said.
        Assert.Equal(63 * 512, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(8)));
        Assert.Equal(512, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(10)));
        byte[] model = new byte[40];
        for (int i = 0; i < 40; i++)
        {
            model[i ^ 1] = data[54 + i];
        }

        Assert.Equal("SOSIA HARDDISK", Encoding.ASCII.GetString(model).TrimEnd());
    }

    [Fact]
    public void Every_block_that_is_read_by_PIO_interrupts_once_and_the_end_does_not()
    {
        _bench.SetLba(5, 3);
        _bench.Issue(0x20);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(i + 1, _bench.Board.Irqs.Edges(IdeBench.Irq));
            Assert.True(_bench.Board.Irqs[IdeBench.Irq]);
            Assert.Equal(ReadyWithData, _bench.In(IdeBench.Command));
            Assert.False(_bench.Board.Irqs[IdeBench.Irq]);
            Assert.Equal(_disk.Part((5 + i) * 512, 512), _bench.ReadData(512));
        }

        Assert.Equal(Ready, _bench.In(IdeBench.Control));
        Assert.Equal(3, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.Equal(0, _bench.In(IdeBench.Count));
        Assert.Equal(7, _bench.In(IdeBench.LbaLow));
    }

    [Fact]
    public void Blocks_that_are_written_by_PIO_interrupt_after_each_but_not_before_the_first()
    {
        byte[] data = Pattern(1024, 3);
        _bench.SetLba(9, 2);
        _bench.Issue(0x30);
        Assert.Equal(0, _bench.Board.Irqs.Edges(IdeBench.Irq));
        _bench.WriteData(data.AsSpan(0, 512));
        Assert.Equal(1, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.Equal(ReadyWithData, _bench.In(IdeBench.Command));
        _bench.WriteData(data.AsSpan(512));
        Assert.Equal(2, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        Assert.Equal(data, _disk.Part(9 * 512, 1024));
    }

    [Fact]
    public void Multiple_moves_several_sectors_for_each_interrupt()
    {
        _bench.SetLba(0, 8);
        _bench.Issue(0xc6);
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        _bench.SetLba(1, 11);
        _bench.Issue(0xc4);
        Assert.Equal(2, _bench.Board.Irqs.Edges(IdeBench.Irq));
        _bench.In(IdeBench.Command);
        Assert.Equal(_disk.Part(512, 11 * 512), _bench.ReadData(11 * 512));
        Assert.Equal(3, _bench.Board.Irqs.Edges(IdeBench.Irq));
        _bench.SetLba(0, 3);
        _bench.Issue(0xc6);
        Assert.Equal(ReadyWithError, _bench.In(IdeBench.Command));
        Assert.Equal(4, _bench.In(IdeBench.Error));
    }

    [Fact]
    public void Cylinders_heads_and_sectors_address_what_the_geometry_says()
    {
        // Cylinder 1, head 2, sector 3 of 16 heads and 63 sectors; then of 4 heads and 10 sectors.
        ReadChs(1, 2, 3, ((16 + 2) * 63) + 2);
        _bench.Out(IdeBench.Device, 0xa3);
        _bench.Out(IdeBench.Count, 10);
        _bench.Issue(0x91);
        ReadChs(1, 2, 3, ((4 + 2) * 10) + 2);
        _bench.Out(IdeBench.LbaLow, 11);
        _bench.Issue(0x20);
        Assert.Equal(0x10, _bench.In(IdeBench.Error));

        void ReadChs(int cylinder, int head, int sector, int expected)
        {
            _bench.Out(IdeBench.Device, 0xa0 | head);
            _bench.Out(IdeBench.Count, 1);
            _bench.Out(IdeBench.LbaLow, sector);
            _bench.Out(IdeBench.LbaMid, cylinder);
            _bench.Out(IdeBench.LbaHigh, 0);
            _bench.Issue(0x20);
            Assert.Equal(_disk.Part(expected * 512, 512), _bench.ReadData(512));
        }
    }

    [Fact]
    public void Registers_are_two_deep_for_48_bit_addresses()
    {
        _bench.SetLba48(0x0605_0403_0201, 0x0807);
        Assert.Equal(0x01, _bench.In(IdeBench.LbaLow));
        _bench.Out(IdeBench.Control, 0x80);
        Assert.Equal([0x08, 0x04, 0x05, 0x06], [_bench.In(IdeBench.Count), _bench.In(IdeBench.LbaLow), _bench.In(IdeBench.LbaMid), _bench.In(IdeBench.LbaHigh)]);
        _bench.Issue(0x24);
        Assert.Equal(ReadyWithError, _bench.In(IdeBench.Command));
        Assert.Equal(0x10, _bench.In(IdeBench.Error));
        _bench.SetLba48(2040, 8);
        _bench.Issue(0x24);
        Assert.Equal(_disk.Part(2040 * 512, 8 * 512), _bench.ReadData(8 * 512));
        _bench.SetLba48(0, 0);
        _bench.Issue(0x27);
        Assert.Equal(0xff, _bench.In(IdeBench.LbaLow));
        Assert.Equal(0x07, _bench.In(IdeBench.LbaMid));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DMA_moves_between_the_disk_and_scattered_memory(bool takesSegments)
    {
        _disk.TakesSegments = takesSegments;
        _bench.PrepareDma(isToMemory: true, (0x10_0000, 512), (0x20_0002, 1024), (0x30_0000, 0));
        _bench.SetLba(100, 131);
        _bench.Issue(0xc8);
        Assert.Equal(0, _bench.Board.Irqs.Edges(IdeBench.Irq));
        _bench.StartDma();
        Assert.Equal(1, _bench.Board.Irqs.Edges(IdeBench.Irq));
        // Table and transfer are of the same size: interrupt, no longer active.
        Assert.Equal(0x64, _bench.In(IdeBench.BusMaster + 2));
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        Assert.Equal(_disk.Part(100 * 512, 512), Memory(0x10_0000, 512));
        Assert.Equal(_disk.Part(101 * 512, 1024), Memory(0x20_0002, 1024));
        Assert.Equal(_disk.Part(103 * 512, 65536), Memory(0x30_0000, 65536));

        _bench.PrepareDma(isToMemory: false, (0x30_0000, 4096));
        _bench.SetLba(0, 4);
        _bench.Issue(0xca);
        _bench.StartDma();
        // The table has room left: interrupt, still active.
        Assert.Equal(0x65, _bench.In(IdeBench.BusMaster + 2));
        Assert.Equal(Memory(0x30_0000, 2048), _disk.Part(0, 2048));
        Assert.Equal(takesSegments ? ["read in 3 51200+67072", "write in 1 0+2048"] : ["read 51200+67072", "write 0+2048"], _disk.Log);
    }

    [Fact]
    public void A_bus_master_started_before_the_command_waits_for_it()
    {
        _bench.PrepareDma(isToMemory: true, (0x10_0000, 512));
        _bench.StartDma();
        Assert.Equal(0x61, _bench.In(IdeBench.BusMaster + 2));
        _bench.SetLba(7, 1);
        _bench.Issue(0xc8);
        Assert.Equal(0x64, _bench.In(IdeBench.BusMaster + 2));
        Assert.Equal(_disk.Part(7 * 512, 512), Memory(0x10_0000, 512));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_table_that_is_too_short_leaves_the_disk_waiting_for_the_next_one(bool takesSegments)
    {
        _disk.TakesSegments = takesSegments;
        _bench.PrepareDma(isToMemory: true, (0x10_0000, 1024));
        _bench.SetLba(7, 4);
        _bench.Issue(0xc8);
        _bench.StartDma();
        Assert.Equal(0x60, _bench.In(IdeBench.BusMaster + 2));
        Assert.Equal(0, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.Equal(ReadyWithData, _bench.In(IdeBench.Control));
        _bench.PrepareDma(isToMemory: true, (0x20_0000, 1024));
        _bench.StartDma();
        Assert.Equal(0x64, _bench.In(IdeBench.BusMaster + 2));
        Assert.Equal(_disk.Part(9 * 512, 1024), Memory(0x20_0000, 1024));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(100, false)]
    [InlineData(100, true)]
    [InlineData(512, true)]
    public void A_transfer_outside_RAM_ends_with_an_error_of_the_bus_master(int before, bool takesSegments)
    {
        _disk.TakesSegments = takesSegments;
        (uint, int) outside = (0xf000_0000, 1024 - before);
        _bench.PrepareDma(isToMemory: true, before == 0 ? [outside] : [(0x10_0000, before), outside]);
        _bench.SetLba(7, 2);
        _bench.Issue(0xc8);
        _bench.StartDma();
        Assert.Equal(0x66, _bench.In(IdeBench.BusMaster + 2));
        Assert.Equal(ReadyWithError, _bench.In(IdeBench.Command));
    }

    [Fact]
    public void A_missing_device_1_answers_as_device_0_without_status()
    {
        _bench.SetLba(0, 0x55);
        _bench.Out(IdeBench.Device, 0xb0);
        Assert.Equal(0, _bench.In(IdeBench.Command));
        Assert.Equal(0, _bench.In(IdeBench.Control));
        Assert.Equal(0x55, _bench.In(IdeBench.Count));
        _bench.Issue(0xec);
        Assert.Equal(0, _bench.Board.Irqs.Edges(IdeBench.Irq));
        // Nothing at all on the other cable: a resistor holds data line 7 down.
        Assert.Equal(0x7f, _bench.In(0x177));
        Assert.Equal(0x7f, _bench.In(0x376));
        Assert.Equal(0xff7fu, _bench.Board.Ports.Read(0x170, 2));
    }

    [Fact]
    public void A_software_reset_takes_time_and_leaves_the_signature()
    {
        _bench.SetLba(3, 2);
        _bench.Issue(0x20);
        _bench.Out(IdeBench.Control, 4);
        Assert.Equal(0x80, _bench.In(IdeBench.Control));
        Assert.False(_bench.Board.Irqs[IdeBench.Irq]);
        _bench.Board.Advance(5_000);
        _bench.Out(IdeBench.Control, 0);
        Assert.Equal(0x80, _bench.In(IdeBench.Command));
        _bench.Board.Advance(2_000_000);
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        Assert.Equal([1, 1, 1, 0, 0], [_bench.In(IdeBench.Error), _bench.In(IdeBench.Count), _bench.In(IdeBench.LbaLow), _bench.In(IdeBench.LbaMid), _bench.In(IdeBench.LbaHigh)]);
        Assert.Equal(1, _bench.Board.Irqs.Edges(IdeBench.Irq));
        _bench.Issue(0x90);
        Assert.Equal(2, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.Equal(1, _bench.In(IdeBench.Error));
    }

    [Fact]
    public void A_disabled_interrupt_waits_until_it_is_enabled_or_the_status_is_read()
    {
        _bench.Out(IdeBench.Control, 2);
        _bench.SetLba(3, 1);
        _bench.Issue(0x20);
        Assert.False(_bench.Board.Irqs[IdeBench.Irq]);
        _bench.Out(IdeBench.Control, 0);
        Assert.True(_bench.Board.Irqs[IdeBench.Irq]);
        _bench.In(IdeBench.Control);
        Assert.True(_bench.Board.Irqs[IdeBench.Irq]);
        // Only the selected device drives the wire.
        _bench.Out(IdeBench.Device, 0xb0);
        Assert.False(_bench.Board.Irqs[IdeBench.Irq]);
        _bench.Out(IdeBench.Device, 0xa0);
        Assert.True(_bench.Board.Irqs[IdeBench.Irq]);
        _bench.In(IdeBench.Command);
        Assert.False(_bench.Board.Irqs[IdeBench.Irq]);
    }

    [Fact]
    public void An_error_of_the_host_names_the_first_sector_that_did_not_move()
    {
        _disk.NextResult = BlockResult.HostError;
        _bench.SetLba(0x123, 2);
        _bench.Issue(0x20);
        Assert.Equal(ReadyWithError, _bench.In(IdeBench.Command));
        Assert.Equal(0x40, _bench.In(IdeBench.Error));
        Assert.Equal(0x23, _bench.In(IdeBench.LbaLow));
        Assert.Equal(1, _bench.In(IdeBench.LbaMid));
        Assert.Equal(1, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.False(Assert.Single(_bench.Faults).StopsMachine);
    }

    [Fact]
    public void A_full_host_holds_writes_by_PIO_until_there_is_room()
    {
        byte[] data = Pattern(512, 5);
        _bench.SetLba(2, 1);
        _bench.Issue(0x30);
        _disk.NextResult = BlockResult.NoSpace;
        _bench.WriteData(data);
        _bench.Settle();
        Assert.Equal(0x80, _bench.In(IdeBench.Control));
        Assert.Equal(0, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.All(_bench.Faults, f => Assert.True(f.StopsMachine));
        _disk.NextResult = BlockResult.Ok;
        _bench.Settle();
        Assert.Equal(Ready, _bench.In(IdeBench.Control));
        Assert.Equal(1, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.Equal(data, _disk.Part(1024, 512));
    }

    [Fact]
    public void A_full_host_holds_writes_by_DMA_and_flushes_until_there_is_room()
    {
        _disk.NextResult = BlockResult.NoSpace;
        _bench.PrepareDma(isToMemory: false, (0x10_0000, 1024));
        _bench.SetLba(2, 2);
        _bench.Issue(0xca);
        _bench.StartDma();
        Assert.NotEmpty(_bench.Faults);
        Assert.Equal(0, _bench.Board.Irqs.Edges(IdeBench.Irq));
        _disk.NextResult = BlockResult.Ok;
        _bench.Settle();
        Assert.Equal(0x64, _bench.In(IdeBench.BusMaster + 2));
        Assert.Equal(Memory(0x10_0000, 1024), _disk.Part(1024, 1024));
        _bench.In(IdeBench.Command);
        _disk.NextResult = BlockResult.NoSpace;
        _bench.Issue(0xe7);
        Assert.Equal(0x80, _bench.In(IdeBench.Control));
        _disk.NextResult = BlockResult.Ok;
        _bench.Settle();
        Assert.Equal(Ready, _bench.In(IdeBench.Control));
        Assert.Equal(2, _bench.Board.Irqs.Edges(IdeBench.Irq));
    }

    [Fact]
    public void Without_write_cache_each_write_is_durable_at_its_end()
    {
        _bench.Out(IdeBench.Error, 0x82);
        _bench.Issue(0xef);
        _disk.Log.Clear();
        _bench.SetLba(2, 1);
        _bench.Issue(0x30);
        _bench.WriteData(Pattern(512, 1));
        Assert.Equal(["write 1024+512", "flush 0+0"], _disk.Log);
    }

    [Fact]
    public void Trimmed_ranges_reach_the_host()
    {
        _bench.Board.Memory.Write(0x10_0000, 8, 5 | (3UL << 48));
        _bench.PrepareDma(isToMemory: false, (0x10_0000, 512));
        _bench.SetLba48(0, 1);
        _bench.Out(IdeBench.Error, 1);
        _bench.Issue(0x06);
        _bench.StartDma();
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        Assert.Equal(["discard 2560+1536"], _disk.Log);
    }

    [Fact]
    public void SMART_answers_only_with_its_key()
    {
        _bench.Out(IdeBench.Error, 0xda);
        _bench.Issue(0xb0);
        Assert.Equal(ReadyWithError, _bench.In(IdeBench.Command));
        _bench.Out(IdeBench.LbaMid, 0x4f);
        _bench.Out(IdeBench.LbaHigh, 0xc2);
        _bench.Issue(0xb0);
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        Assert.Equal([0x4f, 0xc2], [_bench.In(IdeBench.LbaMid), _bench.In(IdeBench.LbaHigh)]);
        _bench.Out(IdeBench.Error, 0xd0);
        _bench.Issue(0xb0);
        Assert.Equal(0, _bench.ReadData(512).Sum(b => b) & 0xff);
    }

    [Fact]
    public void A_sleeping_disk_only_wakes_by_reset()
    {
        _bench.Issue(0xe6);
        int edges = _bench.Board.Irqs.Edges(IdeBench.Irq);
        _bench.Issue(0xec);
        Assert.Equal(edges, _bench.Board.Irqs.Edges(IdeBench.Irq));
        _bench.Out(IdeBench.Control, 4);
        _bench.Out(IdeBench.Control, 0);
        _bench.Board.Advance(2_000_000);
        _bench.Issue(0xe5);
        Assert.Equal(0xff, _bench.In(IdeBench.Count));
    }

    [Fact]
    public void The_channels_answer_only_while_they_are_enabled()
    {
        _bench.Function.WriteConfiguration(0x40, 2, 0);
        Assert.Equal(0xff, _bench.In(IdeBench.Command));
        _bench.Function.WriteConfiguration(0x40, 2, 0x8000);
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        _bench.Function.WriteConfiguration(4, 2, 0);
        Assert.Equal(0xff, _bench.In(IdeBench.Command));
    }

    [Fact]
    public void A_command_in_the_middle_of_its_data_survives_saving_and_restoring()
    {
        using var other = new IdeBench();
        other.AddDisk(0, _disk);
        other.PowerOn();
        _bench.SetLba(5, 2);
        _bench.Issue(0x20);
        byte[] first = _bench.ReadData(300);
        _bench.MoveTo(other);
        byte[] rest = other.ReadData(724);
        Assert.Equal(_disk.Part(5 * 512, 1024), first.Concat(rest).ToArray());
    }

    [Fact]
    public void A_held_write_survives_saving_and_restoring()
    {
        using var other = new IdeBench();
        other.AddDisk(0, _disk);
        other.PowerOn();
        _disk.NextResult = BlockResult.NoSpace;
        _bench.Board.Memory.Write(0x10_0000, 8, 0x1234_5678_9abc_def0);
        _bench.PrepareDma(isToMemory: false, (0x10_0000, 512));
        _bench.SetLba(2, 1);
        _bench.Issue(0xca);
        _bench.StartDma();
        _bench.MoveTo(other);
        _disk.NextResult = BlockResult.Ok;
        other.Settle();
        Assert.Equal(0x64, other.In(IdeBench.BusMaster + 2));
        Assert.Equal(0x1234_5678_9abc_def0u, BinaryPrimitives.ReadUInt64LittleEndian(_disk.Bytes.AsSpan(1024)));
    }

    [Fact]
    public void A_snapshot_with_other_drives_is_refused()
    {
        using var other = new IdeBench();
        other.AddDisk(0, byteCount: 2 << 20);
        other.PowerOn();
        Assert.Throws<SosiaException>(() => _bench.MoveTo(other));
        using var empty = new IdeBench();
        empty.PowerOn();
        Assert.Throws<SosiaException>(() => _bench.MoveTo(empty));
    }

    [Fact]
    public void Transfers_in_steady_state_allocate_nothing()
    {
        _disk.IsSilent = true;
        _bench.PrepareDma(isToMemory: true, (0x10_0000, 4096));
        Transfer(20);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int ended = Transfer(100);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.Equal(100, ended);

        int Transfer(int count)
        {
            int readyCount = 0;
            for (int i = 0; i < count; i++)
            {
                _bench.SetLba((uint)i, 8);
                _bench.Out(IdeBench.BusMaster + 2, 0x66);
                _bench.Issue(0xc8);
                _bench.StartDma();
                _bench.Out(IdeBench.BusMaster, 8);
                readyCount += _bench.In(IdeBench.Command) == Ready ? 1 : 0;
            }

            return readyCount;
        }
    }

    private static byte[] Pattern(int byteCount, int seed)
    {
        byte[] data = new byte[byteCount];
        new Random(seed).NextBytes(data);
        return data;
    }

    private byte[] Memory(ulong address, int byteCount)
    {
        byte[] data = new byte[byteCount];
        _bench.Board.Memory.ReadBytes(address, data);
        return data;
    }
}
