using System;
using System.Linq;
using Sosia.Core;
using Sosia.Devices.Floppy;
using Sosia.Devices.Tests.Block;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Floppy;

public sealed class FloppyTests : IDisposable
{
    private const int Read = 0x46;
    private const int Write = 0x45;
    private const int ToMemory = 0x44;
    private const int FromMemory = 0x48;
    private const int Size144 = 2880 * 512;

    private readonly MemoryBackend _disk = FloppyBench.Disk(Size144);
    private readonly FloppyBench _bench;

    public FloppyTests()
    {
        _bench = new FloppyBench(_disk);
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(163840, 40, 1, 8, 1, FloppyDriveType.FiveInchHighDensity)]
    [InlineData(184320, 40, 1, 9, 1, FloppyDriveType.FiveInchHighDensity)]
    [InlineData(327680, 40, 2, 8, 1, FloppyDriveType.FiveInchHighDensity)]
    [InlineData(368640, 40, 2, 9, 1, FloppyDriveType.FiveInchHighDensity)]
    [InlineData(737280, 80, 2, 9, 2, FloppyDriveType.ThreeInchHighDensity)]
    [InlineData(1228800, 80, 2, 15, 0, FloppyDriveType.FiveInchHighDensity)]
    [InlineData(1474560, 80, 2, 18, 0, FloppyDriveType.ThreeInchHighDensity)]
    [InlineData(2949120, 80, 2, 36, 3, FloppyDriveType.ThreeInchExtraDensity)]
    public void Disks_of_each_size_are_read_to_their_last_sector(int byteCount, int cylinders, int heads, int sectors, byte rate, FloppyDriveType type)
    {
        MemoryBackend disk = FloppyBench.Disk(byteCount);
        using var bench = new FloppyBench(disk);
        Assert.Equal(type, bench.Controller.TypeOf(0));
        bench.Start(rate);
        // Drives of 80 cylinders step twice for disks of 40.
        bench.Seek(0, (cylinders - 1) * (cylinders == 40 ? 2 : 1));
        bench.PrepareDma(ToMemory, 512);
        int head = heads - 1;
        Assert.Equal([head << 2, 0, 0, cylinders, head, 1, 2], bench.Command(Read, head << 2, cylinders - 1, head, sectors, 2, sectors, 0x1b, 0xff));
        Assert.Equal(disk.Part(byteCount - 512, 512), bench.Memory(512));
        // At another data rate there are no address marks to be found.
        bench.Board.Out(FloppyBench.Input, rate ^ 1);
        Assert.Equal(0x40 | (head << 2), bench.Command(Read, head << 2, cylinders - 1, head, 1, 2, sectors, 0x1b, 0xff)[0]);
    }

    [Fact]
    public void A_track_moves_by_DMA_across_both_heads()
    {
        _bench.Start();
        _bench.Seek(0, 3);
        _bench.PrepareDma(ToMemory, 36 * 512);
        _bench.Send(0x80 | Read, 0, 3, 0, 1, 2, 18, 0x1b, 0xff);
        Assert.Equal([4, 0, 0, 4, 0, 1, 2], _bench.Result());
        Assert.Equal(_disk.Part(3 * 36 * 512, 36 * 512), _bench.Memory(36 * 512));
        Assert.Equal(0x04, _bench.Board.In(0x08) & 0x0f);
    }

    [Fact]
    public void Sectors_are_written_and_a_protected_disk_is_not()
    {
        _bench.Start();
        _bench.Seek(0, 0);
        byte[] data = FloppyBench.Disk(1024).Bytes;
        _bench.Board.Memory.WriteBytes(FloppyBench.Buffer, data);
        _bench.PrepareDma(FromMemory, 1024);
        Assert.Equal([4, 0, 0, 0, 1, 7, 2], _bench.Command(Write, 4, 0, 1, 5, 2, 18, 0x1b, 0xff));
        Assert.Equal(data, _disk.Part((18 + 4) * 512, 1024));
        using var other = new FloppyBench(FloppyBench.Disk(Size144, isReadOnly: true));
        other.Start();
        other.PrepareDma(FromMemory, 512);
        Assert.Equal([0x40, 2], other.Command(Write, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)[..2]);
        Assert.Equal(0x78, other.Command(0x04, 0)[0]);
    }

    [Fact]
    public void A_transfer_that_ends_within_a_sector_fills_it_with_zeros()
    {
        _bench.Start();
        _bench.Board.Memory.WriteBytes(FloppyBench.Buffer, Enumerable.Repeat((byte)7, 512).ToArray());
        _bench.PrepareDma(FromMemory, 100);
        Assert.Equal([0, 0, 0, 0, 0, 2, 2], _bench.Command(Write, 0, 0, 0, 1, 2, 18, 0x1b, 0xff));
        Assert.Equal(Enumerable.Repeat((byte)7, 100).Concat(new byte[412]).ToArray(), _disk.Part(0, 512));
    }

    [Fact]
    public void Without_terminal_count_a_transfer_ends_after_the_last_sector_of_the_track()
    {
        _bench.Start();
        _bench.PrepareDma(ToMemory, 0x8000);
        Assert.Equal([0x40, 0x80, 0, 1, 0, 1, 2], _bench.Command(Read, 0, 0, 0, 17, 2, 18, 0x1b, 0xff));
    }

    [Fact]
    public void A_bios_that_never_seeks_and_never_chooses_a_rate_reads_a_disk_of_1440_KB_after_power_on()
    {
        using var bench = new FloppyBench(_disk);
        bench.Start(rate: null);
        bench.PrepareDma(ToMemory, 512);
        Assert.Equal([4, 0, 0, 40, 1, 6, 2], bench.Command(Read, 4, 40, 1, 5, 2, 18, 0x1b, 0xff));
        Assert.Equal(_disk.Part(((40 * 36) + 18 + 4) * 512, 512), bench.Memory(512));
    }

    [Fact]
    public void Sectors_that_are_not_there_are_not_found()
    {
        _bench.Start();
        _bench.PrepareDma(ToMemory, 512);
        Assert.Equal([0x40, 4, 0, 0, 0, 19, 2], _bench.Command(Read, 0, 0, 0, 19, 2, 20, 0x1b, 0xff));
        // CONFIGURE without implied seeks: the head stays on cylinder 0.
        Assert.Empty(_bench.Command(0x13, 0, 0x20, 0));
        Assert.Equal([0x40, 4, 0x10, 5, 0, 1, 2], _bench.Command(Read, 0, 5, 0, 1, 2, 18, 0x1b, 0xff));
        Assert.Equal([0x40, 4], _bench.Command(Read, 0, 0, 0, 1, 3, 18, 0x1b, 0xff)[..2]);
        // In FM there are no marks at all.
        Assert.Equal([0x40, 1], _bench.Command(0x06, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)[..2]);
    }

    [Fact]
    public void Data_move_by_the_processor_when_DMA_is_off()
    {
        _bench.Start(usesDma: false);
        _bench.Send(Read, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
        _bench.Board.Advance(1_000_000);
        for (int i = 0; i < 512; i++)
        {
            Assert.Equal(0xf0, _bench.Board.In(FloppyBench.MainStatus));
            Assert.True(_bench.Board.Irqs[FloppyBench.Irq]);
            Assert.Equal(_disk.Bytes[(17 * 512) + i], _bench.Board.In(FloppyBench.Fifo));
        }

        Assert.Equal([0x40, 0x80, 0, 1, 0, 1, 2], _bench.Result());
        _bench.Send(Write, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
        _bench.Board.Advance(1_000_000);
        for (int i = 0; i < 512; i++)
        {
            Assert.Equal(0xb0, _bench.Board.In(FloppyBench.MainStatus));
            _bench.Board.Out(FloppyBench.Fifo, (byte)i);
        }

        Assert.Equal(0x40, _bench.Result()[0]);
        Assert.Equal(Enumerable.Range(0, 512).Select(i => (byte)i), _disk.Part(17 * 512, 512));
    }

    [Fact]
    public void Formatting_fills_the_track()
    {
        _bench.Start();
        _bench.Seek(0, 2);
        byte[] ids = Enumerable.Range(1, 18).SelectMany(r => new byte[] { 2, 1, (byte)r, 2 }).ToArray();
        _bench.Board.Memory.WriteBytes(FloppyBench.Buffer, ids);
        _bench.PrepareDma(FromMemory, ids.Length);
        Assert.Equal(4, _bench.Command(0x4d, 4, 2, 18, 0x54, 0xf6)[0]);
        Assert.Equal(Enumerable.Repeat((byte)0xf6, 18 * 512), _disk.Part(((2 * 36) + 18) * 512, 18 * 512));
    }

    [Fact]
    public void The_change_line_is_set_until_a_step_finds_a_disk()
    {
        _bench.Start();
        Assert.Equal(0x80, _bench.Board.In(FloppyBench.Input));
        _bench.Seek(0, 1);
        Assert.Equal(0, _bench.Board.In(FloppyBench.Input));
        _bench.First.Eject();
        Assert.Equal(0x80, _bench.Board.In(FloppyBench.Input));
        _bench.Seek(0, 2);
        Assert.Equal(0x80, _bench.Board.In(FloppyBench.Input));
        _bench.PrepareDma(ToMemory, 512);
        Assert.Equal(0x48, _bench.Command(Read, 0, 2, 0, 1, 2, 18, 0x1b, 0xff)[0]);
        MemoryBackend other = FloppyBench.Disk(737280);
        _bench.First.Insert(other);
        _bench.Seek(0, 0);
        Assert.Equal(0, _bench.Board.In(FloppyBench.Input));
        _bench.Board.Out(FloppyBench.Input, 2);
        _bench.PrepareDma(ToMemory, 512);
        Assert.Equal(0, _bench.Command(Read, 0, 0, 0, 1, 2, 9, 0x1b, 0xff)[0]);
        Assert.Equal(other.Part(0, 512), _bench.Memory(512));
        // With its motor off the drive says nothing.
        _bench.First.Eject();
        _bench.Board.Out(FloppyBench.Output, 0x0c);
        Assert.Equal(0, _bench.Board.In(FloppyBench.Input));
    }

    [Fact]
    public void The_chip_is_known_as_an_82077AA()
    {
        _bench.Start();
        Assert.Equal([0x90], _bench.Command(0x10));
        Assert.Equal([0x80], _bench.Command(0x18));
        Assert.Equal([0x80], _bench.Command(0x08));
        Assert.Equal(10, _bench.Command(0x0e).Length);
        Assert.Empty(_bench.Command(0x13, 0, 0x57, 0));
        Assert.Equal([0x10], _bench.Command(0x94));
        _bench.Board.Out(FloppyBench.MainStatus, 0x80);
        _bench.Board.Advance(1_000_000);
        // Locked settings outlive a software reset, and without polling there is no interrupt.
        Assert.False(_bench.Board.Irqs[FloppyBench.Irq]);
        Assert.Equal(0x57, _bench.Command(0x0e)[8]);
        Assert.Equal([0], _bench.Command(0x14));
    }

    [Fact]
    public void A_missing_drive_has_no_track_0()
    {
        _bench.Start();
        _bench.Send(0x07, 1);
        _bench.Board.Advance(50_000_000);
        Assert.Equal([0x71, 0], _bench.Command(0x08));
        _bench.Send(0x07, 0);
        _bench.Board.Advance(50_000_000);
        Assert.Equal([0x20, 0], _bench.Command(0x08));
        Assert.Equal([0, 0, 0], _bench.Command(0x4a, 0)[..3]);
    }

    [Fact]
    public void A_request_that_no_channel_answers_ends_with_an_overrun()
    {
        _bench.Start();
        _bench.Board.Out(0x0a, 6);
        Assert.Equal([0x40, 0x10], _bench.Command(Read, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)[..2]);
    }

    [Fact]
    public void A_full_host_holds_a_write_until_there_is_room()
    {
        _bench.Start();
        _disk.NextResult = BlockResult.NoSpace;
        _bench.PrepareDma(FromMemory, 512);
        _bench.Send(Write, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
        _bench.Board.Advance(200_100);
        Assert.Equal(0x10, _bench.Board.In(FloppyBench.MainStatus));
        using var other = new FloppyBench(_disk);
        _bench.MoveTo(other);
        _disk.NextResult = BlockResult.Ok;
        Assert.Equal([0, 0, 0, 0, 0, 2, 2], other.Result());
        Assert.Equal(other.Memory(512), _disk.Part(0, 512));
    }

    [Fact]
    public void A_command_moves_to_another_machine_in_the_middle_of_its_data()
    {
        using var other = new FloppyBench(_disk);
        _bench.Start(usesDma: false);
        _bench.Send(Read, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
        _bench.Board.Advance(1_000_000);
        for (int i = 0; i < 100; i++)
        {
            _bench.Board.In(FloppyBench.Fifo);
        }

        _bench.MoveTo(other);
        for (int i = 100; i < 512; i++)
        {
            Assert.Equal(_disk.Bytes[(17 * 512) + i], other.Board.In(FloppyBench.Fifo));
        }

        Assert.Equal(7, other.Result().Length);
    }

    [Fact]
    public void An_image_larger_than_any_floppy_disk_is_refused()
        => Assert.Throws<SosiaException>(() => new FloppyBench(new MemoryBackend(4 << 20)));
}
