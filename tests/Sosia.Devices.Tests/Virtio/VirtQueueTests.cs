using System;
using Sosia.Devices.Virtio;
using Xunit;

namespace Sosia.Devices.Tests.Virtio;

public sealed class VirtQueueTests : IDisposable
{
    private const ulong Data = VirtioBench.RamBase + 0x10_0000;
    private const ulong Reply = Data + 0x8_0000;

    private readonly VirtioBench _bench = new();
    private readonly EchoDevice _device;
    private readonly MmioGuestDriver _driver;

    public VirtQueueTests()
    {
        _device = new EchoDevice(_bench.Context);
        _driver = new MmioGuestDriver(_bench, _device);
    }

    private GuestQueue Queue => _driver.Queues[0];

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_chain_of_several_buffers_is_read_and_written_in_order()
    {
        _driver.Start(0, 1, 8);
        Fill(Data, 300, 1);
        ushort head = _driver.Submit(0, new(Data, 100), new(Data + 100, 56), new(Data + 0x1000, 0), new(Reply, 50, true), new(Reply + 0x1000, 200, true));

        Assert.True(Queue.TryTake(out ushort used, out uint written));
        Assert.Equal(head, used);
        Assert.Equal(156u, written);
        AssertBytes(Reply, 50, 1);
        AssertBytes(Reply + 0x1000, 106, 51);
        Assert.Equal(1u, _driver.TakeInterrupts());
        Assert.False(_driver.Irq.Level);
    }

    [Fact]
    public void An_indirect_table_works_also_at_the_end_of_direct_descriptors()
    {
        _driver.Start(VirtioFeatures.IndirectDescriptors, 1, 8);
        Fill(Data, 64, 7);
        Queue.AddIndirect(new(Data, 32), new(Data + 32, 32), new(Reply, 64, true));
        _driver.Notify(0);
        Assert.True(Queue.TryTake(out _, out uint written));
        Assert.Equal(64u, written);
        AssertBytes(Reply, 64, 7);

        // Direct, then indirect: descriptor 5 leads to 6, which is a table.
        Queue.WriteDescriptor(Queue.IndirectTables, 0, Data + 10, 20, 1, 1);
        Queue.WriteDescriptor(Queue.IndirectTables, 1, Reply + 0x100, 100, 2, 0);
        Queue.WriteDescriptor(Queue.DescriptorTable, 5, Data, 10, 1, 6);
        Queue.WriteDescriptor(Queue.DescriptorTable, 6, Queue.IndirectTables, 32, 4, 0);
        Queue.Publish(5);
        _driver.Notify(0);
        Assert.Equal(2, Queue.DeviceUsedIndex);
        AssertBytes(Reply + 0x100, 30, 7);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(VirtioFeatures.EventIndex)]
    public void Indices_wrap_around_at_65536(ulong features)
    {
        _driver.Start(features, 1, 8);
        for (int i = 0; i < 70_000; i++)
        {
            Fill(Data, 1, (byte)i);
            _driver.Submit(0, new(Data, 1), new(Reply, 1, true));
            Assert.True(Queue.TryTake(out _, out uint written));
            Assert.Equal(1u, written);
            Assert.Equal((byte)i, (byte)_bench.Memory.Read(Reply, 1));
            Assert.Equal(1u, _driver.TakeInterrupts());
        }

        Assert.Equal(0, _bench.Misuse("echo"));
    }

    [Fact]
    public void The_no_interrupt_flag_suppresses_interrupts()
    {
        _driver.Start(0, 1, 8);
        Queue.SetNoInterrupt(true);
        _driver.Submit(0, new GuestBuffer(Data, 1));
        Assert.Equal(0u, _driver.TakeInterrupts());
        Queue.SetNoInterrupt(false);
        _driver.Submit(0, new GuestBuffer(Data, 1));
        Assert.Equal(1u, _driver.TakeInterrupts());
    }

    [Fact]
    public void The_used_event_index_delays_the_interrupt_until_it_is_passed()
    {
        _driver.Start(VirtioFeatures.EventIndex, 1, 8);
        Queue.SetUsedEvent(2);
        _driver.Submit(0, new GuestBuffer(Data, 1));
        _driver.Submit(0, new GuestBuffer(Data, 1));
        Assert.Equal(0u, _driver.TakeInterrupts());
        _driver.Submit(0, new GuestBuffer(Data, 1));
        Assert.Equal(1u, _driver.TakeInterrupts());
        Assert.Equal(1, _driver.Irq.Raised);
        Assert.Equal(3, Queue.AvailableEvent);
    }

    [Fact]
    public void Several_requests_in_one_notification_give_one_interrupt()
    {
        _driver.Start(0, 1, 8);
        for (int i = 0; i < 4; i++)
        {
            Queue.Add(new GuestBuffer(Data, 1));
        }

        _driver.Notify(0);
        Assert.Equal(4, Queue.DeviceUsedIndex);
        Assert.Equal(1, _driver.Irq.Raised);
    }

    [Fact]
    public void A_long_queue_is_served_in_turns_between_which_the_guest_runs()
    {
        _driver.Start(0, 1, 256);
        for (int i = 0; i < 200; i++)
        {
            Queue.Add(new GuestBuffer(Data, 1));
        }

        _driver.Notify(0);
        Assert.Equal(VirtioDevice.RequestsPerTurn, _device.Served);
        _bench.Step();
        Assert.Equal(2 * VirtioDevice.RequestsPerTurn, _device.Served);
        _bench.Step();
        _bench.Step();
        Assert.Equal(200, _device.Served);
        _bench.Step();
        Assert.Equal(Sosia.Core.Time.MachineClock.Never, _bench.Clock.NextDeadlineNanoseconds);
    }

    [Fact]
    public void A_long_queue_goes_on_in_a_restored_machine()
    {
        _driver.Start(VirtioFeatures.EventIndex, 1, 256);
        for (int i = 0; i < 200; i++)
        {
            Queue.Add(new GuestBuffer(Data, 1));
        }

        _driver.Notify(0);
        using var other = new VirtioBench();
        var device = new EchoDevice(other.Context);
        var driver = new MmioGuestDriver(other, device);
        other.CopyRamFrom(_bench);
        other.Clock.Restore(_bench.Clock.NowNanoseconds);
        VirtioBench.Transfer([(_device, device), (_driver.Transport, driver.Transport)]);
        GuestQueue queue = Queue.MoveTo(other);
        for (int i = 0; i < 4; i++)
        {
            other.Step();
        }

        Assert.Equal(200, device.Served);
        Assert.Equal(200, queue.DeviceUsedIndex);
        Assert.Equal(1u, driver.TakeInterrupts());
        Assert.Equal(_driver.Status, driver.Status);
    }

    [Fact]
    public void Head_outside_the_table_stops_the_device()
        => AssertBreaks(queue => queue.Publish(8));

    [Fact]
    public void Next_outside_the_table_stops_the_device()
        => AssertBreaks(queue => PublishDescriptor(queue, Data, 4, 1, 200));

    [Fact]
    public void A_descriptor_loop_stops_the_device()
        => AssertBreaks(queue =>
        {
            queue.WriteDescriptor(queue.DescriptorTable, 0, Data, 4, 1, 1);
            queue.WriteDescriptor(queue.DescriptorTable, 1, Data, 4, 1, 0);
            queue.Publish(0);
        });

    [Fact]
    public void Available_index_beyond_the_ring_stops_the_device()
        => AssertBreaks(queue => queue.SetAvailableIndex(9));

    [Fact]
    public void Readable_buffer_after_a_writable_one_stops_the_device()
        => AssertBreaks(queue => queue.Add(new(Data, 4, true), new(Data, 4)));

    [Fact]
    public void Indirect_descriptor_that_was_not_negotiated_stops_the_device()
        => AssertBreaks(queue => PublishDescriptor(queue, Data, 16, 4, 0), features: 0);

    [Fact]
    public void Nested_indirect_descriptor_stops_the_device()
        => AssertBreaks(queue =>
        {
            queue.WriteDescriptor(queue.IndirectTables, 0, queue.IndirectTables, 16, 4, 0);
            PublishDescriptor(queue, queue.IndirectTables, 16, 4, 0);
        });

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(24)]
    public void Indirect_table_of_a_broken_size_stops_the_device(uint byteCount)
        => AssertBreaks(queue => PublishDescriptor(queue, queue.IndirectTables, byteCount, 4, 0));

    [Fact]
    public void Indirect_and_next_together_stop_the_device()
        => AssertBreaks(queue => PublishDescriptor(queue, queue.IndirectTables, 16, 5, 1));

    [Theory]
    [InlineData(0UL)]
    [InlineData(VirtioBench.RamBase - 1)]
    [InlineData(VirtioBench.RamBase + VirtioBench.RamByteCount - 2)]
    [InlineData(0xffff_ffff_ffff_fffe)]
    public void Buffers_outside_RAM_stop_the_device(ulong address)
    {
        AssertBreaks(queue => queue.Add(new(address, 4), new(Reply, 4, true)));
        AssertBreaks(queue => queue.Add(new(Data, 4), new(address, 4, true)));
    }

    [Fact]
    public void Indirect_table_outside_RAM_stops_the_device()
        => AssertBreaks(queue => PublishDescriptor(queue, 0xffff_ffff_ffff_fff0, 0xffff_fff0, 4, 0));

    [Theory]
    [InlineData(0x080)]
    [InlineData(0x090)]
    [InlineData(0x0a0)]
    public void Rings_outside_RAM_stop_the_device(int register)
    {
        _driver.Start(VirtioFeatures.EventIndex, 0, 8);
        var queue = new GuestQueue(_bench, 0, 8, usesEventIndex: true);
        _driver.Write(0x030, 0);
        _driver.EnableQueue(queue);
        _driver.Write(0x044, 0);
        _driver.Write((ulong)register, 0xffff_fff0);
        _driver.Write((ulong)register + 4, 0xffff_ffff);
        _driver.Write(0x044, 1);
        queue.Add(new(Data, 4), new(Reply, 4, true));
        _driver.Notify(0);
        Assert.True((_driver.Status & VirtioStatus.DeviceNeedsReset) != 0);
        Assert.Equal(2u, _driver.TakeInterrupts() & 2);
    }

    [Fact]
    public void A_stopped_device_works_again_after_reset()
    {
        AssertBreaks(queue => queue.Publish(8));
        Fill(Data, 4, 9);
        _driver.Start(0, 1, 8);
        _driver.Submit(0, new(Data, 4), new(Reply, 4, true));
        AssertBytes(Reply, 4, 9);
    }

    [Fact]
    public void A_device_that_refills_its_own_ring_by_DMA_does_not_hold_the_machine()
    {
        // Every request copies "the device's position plus one" over the available index, so the ring never becomes empty.
        _driver.Start(0, 1, 8);
        Queue.WriteDescriptor(Queue.DescriptorTable, 0, Data, 2, 1, 1);
        Queue.WriteDescriptor(Queue.DescriptorTable, 1, Queue.AvailableRing + 2, 2, 2, 0);
        _bench.Memory.Write(Data, 2, 1000);
        Queue.SetAvailableIndex(1);
        _device.BeforeCopy = () => _bench.Memory.Write(Data, 2, (ulong)(_device.Served + 1));
        _driver.Notify(0);
        Assert.Equal(VirtioDevice.RequestsPerTurn, _device.Served);
        _bench.Step();
        Assert.Equal(2 * VirtioDevice.RequestsPerTurn, _device.Served);
    }

    [Fact]
    public void No_memory_is_allocated_per_request()
    {
        _driver.Start(VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors, 1, 8);
        VirtQueue queue = _device.Queue(0);
        var chain = new DescriptorChain(_bench.Memory);
        byte[] buffer = new byte[512];
        for (int i = 0; i < 7; i++)
        {
            Queue.Add(new GuestBuffer(Data, 512));
        }

        Assert.True(queue.TryPop(chain));
        queue.Push(chain.Head, 0);
        queue.Signal();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 6; i++)
        {
            bool done = queue.TryPop(chain) && chain.TryRead(0, buffer);
            queue.Push(chain.Head, done ? 1u : 0u);
            queue.Signal();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(7, Queue.DeviceUsedIndex);
    }

    private void AssertBreaks(Action<GuestQueue> publish, ulong features = VirtioFeatures.IndirectDescriptors)
    {
        _driver.Start(features, 1, 8);
        long misuse = _bench.Misuse("echo");
        publish(Queue);
        _driver.Notify(0);
        Assert.True((_driver.Status & VirtioStatus.DeviceNeedsReset) != 0);
        Assert.True(_bench.Misuse("echo") > misuse);
        Assert.Equal(2u, _driver.TakeInterrupts());
        Assert.Equal(0, Queue.DeviceUsedIndex);

        // It stays stopped.
        int served = _device.Served;
        _driver.Notify(0);
        Assert.Equal(served, _device.Served);
    }

    private static void PublishDescriptor(GuestQueue queue, ulong guestPhysical, uint byteCount, ushort flags, ushort next)
    {
        queue.WriteDescriptor(queue.DescriptorTable, 0, guestPhysical, byteCount, flags, next);
        queue.Publish(0);
    }

    private void Fill(ulong guestPhysical, int byteCount, byte first)
    {
        for (int i = 0; i < byteCount; i++)
        {
            _bench.Memory.Write(guestPhysical + (ulong)i, 1, (byte)(first + i));
        }
    }

    private void AssertBytes(ulong guestPhysical, int byteCount, byte first)
    {
        for (int i = 0; i < byteCount; i++)
        {
            Assert.Equal((byte)(first + i), (byte)_bench.Memory.Read(guestPhysical + (ulong)i, 1));
        }
    }
}
