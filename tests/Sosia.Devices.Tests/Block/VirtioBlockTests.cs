using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Sosia.Core;
using Sosia.Devices.Block;
using Sosia.Devices.Tests.Virtio;
using Sosia.Devices.Virtio;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Block;

public sealed class VirtioBlockTests : IDisposable
{
    private const int DiskByteCount = 1 << 20;
    private const ulong Header = VirtioBench.RamBase + 0x10_0000;
    private const ulong Status = Header + 0x800;
    private const ulong Data = VirtioBench.RamBase + 0x11_0000;
    private const ulong FeatureFlush = 1UL << 9;
    private const ulong FeatureWriteCache = 1UL << 11;
    private const ulong FeatureDiscard = 1UL << 13;
    private const ulong FeatureWriteZeroes = 1UL << 14;
    private const ulong Usual = FeatureFlush | FeatureDiscard | FeatureWriteZeroes | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors;
    private const byte Ok = 0;
    private const byte IoError = 1;
    private const byte Unsupported = 2;
    private const byte Untouched = 0xcc;

    private readonly VirtioBench _bench = new();
    private readonly MemoryBackend _disk = new(DiskByteCount);
    private readonly List<BlockFault> _faults = [];
    private readonly VirtioBlockDevice _device;
    private readonly MmioGuestDriver _driver;

    public VirtioBlockTests()
    {
        for (int i = 0; i < DiskByteCount; i++)
        {
            _disk.Bytes[i] = TemporaryDirectory.PatternByte(i);
        }

        _device = new VirtioBlockDevice(_bench.Context, "disk", _disk, "sosia-disk-0") { HostFault = _faults.Add };
        _driver = new MmioGuestDriver(_bench, _device);
    }

    public void Dispose()
    {
        _device.Dispose();
        _bench.Dispose();
    }

    [Fact]
    public void The_configuration_space_describes_the_disk()
    {
        Assert.Equal(2u, _driver.DeviceType);
        Assert.Equal(DiskByteCount / 512u, _driver.ReadConfiguration(0, 8));
        Assert.Equal(254u, _driver.ReadConfiguration(12, 4));
        Assert.Equal(512u, _driver.ReadConfiguration(20, 4));
        Assert.Equal(3u, _driver.ReadConfiguration(24, 1));
        Assert.Equal(1u, _driver.ReadConfiguration(32, 1));
        Assert.Equal(1u, _driver.ReadConfiguration(34, 2));
        Assert.NotEqual(0u, _driver.ReadConfiguration(36, 4));
        Assert.Equal(0UL, _driver.OfferedFeatures & (1 << 5));
    }

    [Fact]
    public void Sectors_are_read_into_one_buffer_and_into_many()
    {
        _driver.Start(Usual, 1, 16);
        Assert.Equal(Ok, Request(0, 3, new GuestBuffer(Data, 1024, true)));
        AssertPattern(Data, 1024, 3 * 512);
        Assert.Equal(Ok, Request(0, 7, new(Data, 100, true), new(Data + 0x1000, 412, true), new(Data + 0x2000, 512, true)));
        AssertPattern(Data, 100, 7 * 512);
        AssertPattern(Data + 0x1000, 412, (7 * 512) + 100);
        AssertPattern(Data + 0x2000, 512, 8 * 512);
        // Scattered buffers cost one host call, not three.
        Assert.Equal(["read 1536+1024", "read 3584+1024"], _disk.Log);
    }

    [Fact]
    public void Sectors_are_written_from_one_buffer_and_from_many()
    {
        _driver.Start(Usual, 1, 16);
        Fill(Data, 0x3000, 5);
        Assert.Equal(Ok, Request(1, 1, new(Data, 512), new(Data + 0x2000, 512)));
        Assert.Equal(_bench.Memory.Read(Data + 8, 8), BitConverter.ToUInt64(_disk.Bytes, 512 + 8));
        Assert.Equal(_bench.Memory.Read(Data + 0x2000 + 8, 8), BitConverter.ToUInt64(_disk.Bytes, 1024 + 8));
        Assert.Equal(TemporaryDirectory.PatternByte(511), _disk.Bytes[511]);
        Assert.Equal(TemporaryDirectory.PatternByte(1536), _disk.Bytes[1536]);
        Assert.Equal(["write 512+1024"], _disk.Log);
    }

    [Fact]
    public void A_disk_that_takes_segments_is_given_the_buffers_as_they_are()
    {
        _disk.TakesSegments = true;
        _driver.Start(Usual, 1, 16);
        Assert.Equal(Ok, Request(0, 7, new(Data, 100, true), new(Data + 0x1000, 412, true), new(Data + 0x2000, 512, true)));
        AssertPattern(Data, 100, 7 * 512);
        AssertPattern(Data + 0x1000, 412, (7 * 512) + 100);
        AssertPattern(Data + 0x2000, 512, 8 * 512);
        Fill(Data, 0x3000, 5);
        Assert.Equal(Ok, Request(1, 1, new(Data, 512), new(Data + 0x2000, 512)));
        Assert.Equal(_bench.Memory.Read(Data + 8, 8), BitConverter.ToUInt64(_disk.Bytes, 512 + 8));
        Assert.Equal(_bench.Memory.Read(Data + 0x2000 + 8, 8), BitConverter.ToUInt64(_disk.Bytes, 1024 + 8));
        Assert.Equal(["read in 3 3584+1024", "write in 2 512+1024"], _disk.Log);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_request_framed_unusually_works_all_the_same(bool takesSegments)
    {
        _disk.TakesSegments = takesSegments;
        // Header in three pieces, the last of them together with data; status behind the data in one buffer.
        _driver.Start(Usual, 1, 16);
        Fill(Data + 16, 512, 9);
        PutHeader(Data, 1, 2);
        _bench.Memory.Write(Status, 1, Untouched);
        _driver.Submit(0, new(Data, 4), new(Data + 4, 7), new(Data + 11, 5 + 512), new(Status, 1, true));
        Assert.Equal(Ok, (byte)_bench.Memory.Read(Status, 1));
        PutHeader(Header, 0, 2);
        _driver.Submit(0, new(Header, 16), new(Data + 0x1000, 513, true));
        Assert.Equal(Ok, (byte)_bench.Memory.Read(Data + 0x1000 + 512, 1));
        Assert.Equal(_bench.Memory.Read(Data + 16, 8), _bench.Memory.Read(Data + 0x1000, 8));
    }

    [Fact]
    public void An_indirect_request_of_many_pages_moves_in_one_host_call()
    {
        _driver.Start(Usual, 1, 16);
        GuestBuffer[] buffers = new GuestBuffer[34];
        PutHeader(Header, 0, 0);
        buffers[0] = new(Header, 16);
        for (uint i = 0; i < 32; i++)
        {
            buffers[i + 1] = new(Data + (i * 0x2000), 4096, true);
        }

        buffers[33] = new(Status, 1, true);
        _driver.Queues[0].AddIndirect(buffers);
        _driver.Notify(0);
        Assert.True(_driver.Queues[0].TryTake(out _, out uint written));
        Assert.Equal((32u * 4096) + 1, written);
        AssertPattern(Data + (31 * 0x2000), 4096, 31 * 4096);
        Assert.Equal(["read 0+131072"], _disk.Log);
    }

    [Fact]
    public void Requests_beyond_the_disk_or_of_broken_sectors_fail()
    {
        _driver.Start(Usual, 1, 16);
        const ulong Sectors = DiskByteCount / 512;
        Assert.Equal(Ok, Request(0, Sectors - 1, new GuestBuffer(Data, 512, true)));
        Assert.Equal(IoError, Request(0, Sectors, new GuestBuffer(Data, 512, true)));
        Assert.Equal(IoError, Request(0, Sectors - 1, new GuestBuffer(Data, 1024, true)));
        Assert.Equal(IoError, Request(1, ulong.MaxValue, new GuestBuffer(Data, 512)));
        Assert.Equal(IoError, Request(1, (ulong.MaxValue / 512) + 1, new GuestBuffer(Data, 512)));
        Assert.Equal(IoError, Request(1, 0, new GuestBuffer(Data, 100)));
        Assert.Equal(IoError, Request(0, 0, new GuestBuffer(Data, 511, true)));
        Assert.Single(_disk.Log);
        Assert.Empty(_faults);
    }

    [Fact]
    public void Unknown_and_unnegotiated_commands_are_unsupported()
    {
        _driver.Start(FeatureFlush, 1, 16);
        Assert.Equal(Unsupported, Request(2, 0));
        Assert.Equal(Unsupported, Request(0x8000_0000, 0));
        Assert.Equal(Unsupported, RangeRequest(11, 0, 8, 0));
        Assert.Equal(Unsupported, RangeRequest(13, 0, 8, 0));
        Assert.Empty(_disk.Log);
    }

    [Fact]
    public void The_identifier_is_read_in_full_or_cut()
    {
        _driver.Start(Usual, 1, 16);
        Assert.Equal(Ok, Request(8, 0, new GuestBuffer(Data, 20, true)));
        byte[] id = new byte[20];
        _bench.Memory.ReadBytes(Data, id);
        Assert.Equal("sosia-disk-0", Encoding.ASCII.GetString(id).TrimEnd('\0'));
        Assert.Equal(Ok, Request(8, 0, new GuestBuffer(Data, 5, true)));
    }

    [Fact]
    public void Flush_reaches_the_host()
    {
        _driver.Start(Usual, 1, 16);
        Assert.Equal(Ok, Request(4, 0));
        Assert.Equal(["flush 0+0"], _disk.Log);
    }

    [Fact]
    public void A_driver_that_cannot_flush_gets_a_write_through_disk()
    {
        _driver.Start(0, 1, 16);
        Assert.Equal(Ok, Request(1, 0, new GuestBuffer(Data, 512)));
        Assert.Equal(["write 0+512", "flush 0+0"], _disk.Log);
    }

    [Fact]
    public void The_write_cache_can_be_switched_off_and_on()
    {
        _driver.Start(Usual | FeatureWriteCache, 1, 16);
        Request(1, 0, new GuestBuffer(Data, 512));
        _driver.WriteConfiguration(32, 1, 0);
        Assert.Equal(0u, _driver.ReadConfiguration(32, 1));
        Request(1, 1, new GuestBuffer(Data, 512));
        _driver.WriteConfiguration(32, 1, 1);
        Request(1, 2, new GuestBuffer(Data, 512));
        Assert.Equal(["write 0+512", "write 512+512", "flush 0+0", "write 1024+512"], _disk.Log);
        _driver.WriteConfiguration(32, 1, 2);
        Assert.Equal(1u, _driver.ReadConfiguration(32, 1));
    }

    [Fact]
    public void Discard_and_write_zeroes_take_their_ranges()
    {
        _driver.Start(Usual, 1, 16);
        Assert.Equal(Ok, RangeRequest(11, 8, 16, 0));
        Assert.Equal(Ok, RangeRequest(13, 8, 16, 0));
        Assert.Equal(Ok, RangeRequest(13, 8, 16, 1));
        Assert.Equal(["discard 4096+8192", "zero 4096+8192", "unmap 4096+8192"], _disk.Log);
        Assert.Equal(Unsupported, RangeRequest(11, 8, 16, 1));
        Assert.Equal(Unsupported, RangeRequest(13, 8, 16, 2));
        Assert.Equal(IoError, RangeRequest(11, (DiskByteCount / 512) - 1, 2, 0));
        Assert.Equal(IoError, RangeRequest(13, ulong.MaxValue, 2, 0));
        Assert.Equal(IoError, RangeRequest(13, 0, 0xffff_ffff, 0));
        Assert.Equal(IoError, Request(11, 0));
        Assert.Equal(IoError, Request(11, 0, new GuestBuffer(Data, 17)));
        Assert.Equal(3, _disk.Log.Count);
    }

    [Theory]
    [InlineData(BlockResult.HostError)]
    [InlineData(BlockResult.Truncated)]
    public void Host_failures_reach_the_guest_and_the_owner(BlockResult result)
    {
        _driver.Start(Usual, 1, 16);
        _disk.NextResult = result;
        Assert.Equal(IoError, Request(1, 4, new GuestBuffer(Data, 512)));
        Assert.Equal(IoError, Request(0, 4, new GuestBuffer(Data, 512, true)));
        Assert.Equal(IoError, Request(4, 0));
        Assert.Equal(new BlockFault("disk", BlockOperation.Write, 2048, 512, result), _faults[0]);
        Assert.Equal(new BlockFault("disk", BlockOperation.Read, 2048, 512, result), _faults[1]);
        Assert.Equal(BlockOperation.Flush, _faults[2].Operation);
        Assert.Equal(3, _device.HostFaultCount);
        _disk.NextResult = BlockResult.Ok;
        Assert.Equal(Ok, Request(1, 4, new GuestBuffer(Data, 512)));
    }

    [Fact]
    public void A_full_host_holds_requests_until_there_is_room()
    {
        _driver.Start(Usual, 1, 16);
        _disk.NextResult = BlockResult.NoSpace;
        Fill(Data, 512, 3);
        PutHeader(Header, 1, 4);
        _bench.Memory.Write(Status, 1, Untouched);
        _driver.Submit(0, new(Header, 16), new(Data, 512), new(Status, 1, true));
        Assert.Equal(new BlockFault("disk", BlockOperation.Write, 2048, 512, BlockResult.NoSpace, StopsMachine: true), Assert.Single(_faults));
        Assert.Equal(Untouched, (byte)_bench.Memory.Read(Status, 1));
        // It is tried again after every instruction that runs, until it succeeds.
        _bench.Step();
        Assert.Equal(2, _faults.Count);
        _disk.NextResult = BlockResult.Ok;
        _bench.Step();
        Assert.Equal(Ok, (byte)_bench.Memory.Read(Status, 1));
        Assert.Equal(_bench.Memory.Read(Data, 8), BitConverter.ToUInt64(_disk.Bytes, 2048));
    }

    [Fact]
    public void A_read_only_disk_says_so_and_refuses_writes()
    {
        using var bench = new VirtioBench();
        var disk = new MemoryBackend(8192, isReadOnly: true);
        using var device = new VirtioBlockDevice(bench.Context, "cd", disk, "x");
        var driver = new MmioGuestDriver(bench, device);
        Assert.Equal(1UL << 5, driver.OfferedFeatures & (1 << 5));
        driver.Start(driver.OfferedFeatures, 1, 16);
        bench.Memory.Write(Header, 4, 1);
        driver.Submit(0, new(Header, 16), new(Data, 512), new(Status, 1, true));
        Assert.Equal(IoError, (byte)bench.Memory.Read(Status, 1));
        Assert.Empty(disk.Log);
    }

    [Fact]
    public void A_request_without_header_or_status_stops_the_device()
    {
        _driver.Start(Usual, 1, 16);
        _driver.Submit(0, new(Header, 15), new(Status, 1, true));
        Assert.True((_driver.Status & VirtioStatus.DeviceNeedsReset) != 0);
        _driver.Start(Usual, 1, 16);
        _driver.Submit(0, new GuestBuffer(Header, 16));
        Assert.True((_driver.Status & VirtioStatus.DeviceNeedsReset) != 0);
        Assert.Equal(2u, _driver.TakeInterrupts());
    }

    [Theory]
    [InlineData(0UL, false)]
    [InlineData(0UL, true)]
    [InlineData(VirtioBench.RamBase + VirtioBench.RamByteCount - 256, false)]
    [InlineData(VirtioBench.RamBase + VirtioBench.RamByteCount - 256, true)]
    [InlineData(0xffff_ffff_ffff_ff00, false)]
    [InlineData(0xffff_ffff_ffff_ff00, true)]
    public void Data_outside_RAM_stops_the_device(ulong address, bool takesSegments)
    {
        _disk.TakesSegments = takesSegments;
        foreach ((uint type, uint before) in ((uint, uint)[])[(0, 0), (1, 0), (0, 100), (1, 100), (0, 1024), (1, 1024)])
        {
            _driver.Start(Usual, 1, 16);
            PutHeader(Header, type, 0);
            // What lies in RAM comes first: nothing, a part of a sector, or whole ones.
            _driver.Submit(0, new(Header, 16), new(Data, before, type == 0), new(address, 1024 - (before % 512), type == 0), new(Status, 1, true));
            Assert.True((_driver.Status & VirtioStatus.DeviceNeedsReset) != 0);
            Assert.Equal(0, _driver.Queues[0].DeviceUsedIndex);
        }
    }

    [Fact]
    public void Requests_in_flight_are_done_again_in_a_restored_machine()
    {
        var runner = new HoldingRunner();
        using var device = new VirtioBlockDevice(_bench.Context, "held", new MemoryBackend(DiskByteCount), "x", runner: runner);
        var driver = new MmioGuestDriver(_bench, device);
        driver.Start(Usual, 1, 16);
        Fill(Data, 2048, 3);
        for (uint i = 0; i < 4; i++)
        {
            PutHeader(Header + (i * 16), 1, i * 10);
            _bench.Memory.Write(Status + i, 1, Untouched);
            driver.Submit(0, new(Header + (i * 16), 16), new(Data + (i * 512), 512), new(Status + i, 1, true));
        }

        Assert.Equal(4, runner.Count);
        runner.Release(2);

        using var other = new VirtioBench();
        var disk = new MemoryBackend(DiskByteCount);
        using var restored = new VirtioBlockDevice(other.Context, "held", disk, "x");
        var restoredDriver = new MmioGuestDriver(other, restored);
        other.CopyRamFrom(_bench);
        VirtioBench.Transfer([(device, restored), (driver.Transport, restoredDriver.Transport)]);
        GuestQueue queue = driver.Queues[0].MoveTo(other);
        Assert.Equal(1, queue.DeviceUsedIndex);
        other.Step();
        Assert.Equal(4, queue.DeviceUsedIndex);
        Assert.Equal(["write 0+512", "write 5120+512", "write 15360+512"], disk.Log);
        for (uint i = 0; i < 4; i++)
        {
            Assert.Equal(Ok, (byte)other.Memory.Read(Status + i, 1));
        }

        HashSet<ushort> heads = [];
        while (queue.TryTake(out ushort head, out _))
        {
            Assert.True(heads.Add(head));
        }

        Assert.Equal(4, heads.Count);
        Assert.Equal(1u, restoredDriver.TakeInterrupts());
    }

    [Fact]
    public void Requests_that_complete_after_a_reset_touch_nothing()
    {
        var runner = new HoldingRunner();
        using var device = new VirtioBlockDevice(_bench.Context, "held", new MemoryBackend(DiskByteCount), "x", runner: runner);
        var driver = new MmioGuestDriver(_bench, device);
        driver.Start(Usual, 1, 16);
        PutHeader(Header, 1, 0);
        driver.Submit(0, new(Header, 16), new(Data, 512), new(Status, 1, true));
        driver.Start(Usual, 1, 16);
        _bench.Memory.Write(Status, 1, Untouched);
        runner.Release(0);
        Assert.Equal(Untouched, (byte)_bench.Memory.Read(Status, 1));
        Assert.Equal(0, driver.Queues[0].DeviceUsedIndex);
        PutHeader(Header, 4, 0);
        driver.Submit(0, new(Header, 16), new(Status, 1, true));
        runner.Release(0);
        Assert.Equal(Ok, (byte)_bench.Memory.Read(Status, 1));
    }

    [Fact]
    public void Completion_out_of_order_returns_the_right_requests()
    {
        var runner = new HoldingRunner();
        using var device = new VirtioBlockDevice(_bench.Context, "held", new MemoryBackend(DiskByteCount), "x", runner: runner);
        var driver = new MmioGuestDriver(_bench, device);
        driver.Start(FeatureFlush, 1, 16);
        PutHeader(Header, 4, 0);
        ushort first = driver.Submit(0, new(Header, 16), new(Status, 1, true));
        ushort second = driver.Submit(0, new(Header, 16), new(Status + 1, 1, true));
        runner.Release(1);
        Assert.Equal(1u, driver.TakeInterrupts());
        Assert.True(driver.Queues[0].TryTake(out ushort head, out _));
        Assert.Equal(second, head);
        runner.Release(0);
        Assert.True(driver.Queues[0].TryTake(out head, out _));
        Assert.Equal(first, head);
    }

    [Fact]
    public void A_snapshot_of_another_disk_is_refused()
    {
        using var other = new VirtioBench();
        using var device = new VirtioBlockDevice(other.Context, "disk", new MemoryBackend(4096), "x");
        SosiaException error = Assert.Throws<SosiaException>(() => VirtioBench.Transfer([(_device, device)]));
        Assert.Contains("has 1048576 bytes, but the given one has 4096", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_memory_is_allocated_per_request_in_steady_state()
    {
        _driver.Start(FeatureFlush, 1, 16);
        _disk.IsSilent = true;
        PutHeader(Header, 0, 0);
        ushort head = _driver.Submit(0, new(Header, 16), new(Data, 512, true), new(Data + 0x1000, 512, true), new(Status, 1, true));
        GuestQueue queue = _driver.Queues[0];
        queue.Publish(head);
        _driver.Notify(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            queue.Publish(head);
            _driver.Notify(0);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(102, queue.DeviceUsedIndex);
    }

    [Fact]
    public void Writes_reach_a_real_file_and_closing_flushes()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.CreateImage(8192);
        using var bench = new VirtioBench();
        using (var device = new VirtioBlockDevice(bench.Context, "disk", DriveOptions.Parse($"file={path}").Open(), "x"))
        {
            var driver = new MmioGuestDriver(bench, device);
            driver.Start(Usual, 1, 16);
            bench.Memory.Write(Header, 4, 1);
            bench.Memory.Write(Header + 8, 8, 5);
            bench.Memory.Write(Data, 8, 0x1122_3344_5566_7788);
            driver.Submit(0, new(Header, 16), new(Data, 512), new(Status, 1, true));
            Assert.Equal(Ok, (byte)bench.Memory.Read(Status, 1));
        }

        Assert.Equal(0x1122_3344_5566_7788UL, BitConverter.ToUInt64(File.ReadAllBytes(path), 5 * 512));
    }

    [Theory]
    [InlineData(51)]
    [InlineData(52)]
    public void Random_rings_never_throw_or_hang(int seed)
        => VirtioFuzzTests.Fuzz(seed, 600, bench =>
        {
            var device = new VirtioBlockDevice(bench.Context, "disk", new MemoryBackend(DiskByteCount) { IsSilent = true }, "x", queueCount: 2);
            var random = new Random(seed);
            for (ulong at = VirtioBench.RamBase; at < VirtioBench.RamBase + VirtioBench.RamByteCount; at += 16)
            {
                // Plausible headers everywhere: a known command and a small sector number.
                bench.Memory.Write(at, 8, (ulong)random.Next(15));
                bench.Memory.Write(at + 8, 8, (ulong)random.Next(3000));
            }

            return new MmioGuestDriver(bench, device);
        }, queueCount: 2);

    private byte Request(uint type, ulong sector, params GuestBuffer[] data)
    {
        PutHeader(Header, type, sector);
        _bench.Memory.Write(Status, 1, Untouched);
        ushort head = _driver.Submit(0, [new(Header, 16), .. data, new(Status, 1, true)]);
        Assert.True(_driver.Queues[0].TryTake(out ushort returned, out uint written));
        Assert.Equal(head, returned);
        var status = (byte)_bench.Memory.Read(Status, 1);
        uint writable = 1;
        foreach (GuestBuffer buffer in data)
        {
            writable += buffer.IsWritable ? buffer.ByteCount : 0;
        }

        Assert.True(written <= writable);
        if (status == Ok)
        {
            Assert.Equal(writable, written);
        }

        Assert.Equal(1u, _driver.TakeInterrupts());
        return status;
    }

    private byte RangeRequest(uint type, ulong sector, uint sectorCount, uint flags)
    {
        _bench.Memory.Write(Data, 8, sector);
        _bench.Memory.Write(Data + 8, 4, sectorCount);
        _bench.Memory.Write(Data + 12, 4, flags);
        return Request(type, 0, new GuestBuffer(Data, 16));
    }

    private void PutHeader(ulong guestPhysical, uint type, ulong sector)
    {
        _bench.Memory.Write(guestPhysical, 8, type);
        _bench.Memory.Write(guestPhysical + 8, 8, sector);
    }

    private void Fill(ulong guestPhysical, int byteCount, int seed)
    {
        byte[] bytes = new byte[byteCount];
        new Random(seed).NextBytes(bytes);
        _bench.Memory.WriteBytes(guestPhysical, bytes);
    }

    private void AssertPattern(ulong guestPhysical, int byteCount, long diskPosition)
    {
        byte[] bytes = new byte[byteCount];
        Assert.True(_bench.Memory.ReadBytes(guestPhysical, bytes));
        for (int i = 0; i < byteCount; i++)
        {
            Assert.Equal(TemporaryDirectory.PatternByte(diskPosition + i), bytes[i]);
        }
    }
}
