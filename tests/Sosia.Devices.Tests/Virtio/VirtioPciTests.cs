using System;
using Sosia.Devices.Pci;
using Sosia.Devices.Virtio;
using Xunit;

namespace Sosia.Devices.Tests.Virtio;

public sealed class VirtioPciTests : IDisposable
{
    private const ulong Data = VirtioBench.RamBase + 0x10_0000;
    private const ulong Reply = Data + 0x1000;

    private readonly VirtioBench _bench = new();
    private readonly EchoDevice _device;

    public VirtioPciTests() => _device = new EchoDevice(_bench.Context);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void The_function_identifies_itself_as_a_modern_device()
    {
        PciGuestDriver driver = Create(usesMsix: false);
        Assert.Equal(0x1af4u, driver.ReadConfig(0, 2));
        Assert.Equal(0x1040u + 42, driver.ReadConfig(2, 2));
        Assert.Equal(1u, driver.ReadConfig(8, 1));
        Assert.Equal(VirtioFeatures.Common | (1UL << 3), driver.OfferedFeatures);
        Assert.Equal(2u, driver.Common(0x12, 2));
        Assert.Equal(256, driver.QueueMaxSize(0));
        Assert.Equal(16, driver.QueueMaxSize(1));
        Assert.Equal(0, driver.QueueMaxSize(2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Requests_are_served_and_interrupts_arrive(bool usesMsix)
    {
        PciGuestDriver driver = Create(usesMsix);
        driver.Start(VirtioFeatures.EventIndex, 2, 16);
        _bench.Memory.Write(Data, 8, 0x0123_4567_89ab_cdef);
        driver.Submit(1, new(Data, 8), new(Reply, 8, true));
        Assert.Equal(0x0123_4567_89ab_cdefUL, _bench.Memory.Read(Reply, 8));
        Assert.True(driver.Queues[1].TryTake(out _, out _));
        Assert.Equal(!usesMsix, driver.Level);
        if (usesMsix)
        {
            Assert.Equal([(0xfee0_0000UL, 0x42u)], driver.Messages);
        }

        Assert.Equal(1u, driver.TakeInterrupts());
        Assert.False(driver.Level);
        _device.ChangeConfiguration(77);
        Assert.Equal(77u, driver.ReadConfiguration(0, 4));
        Assert.Equal(2u, driver.TakeInterrupts());
        Assert.Equal(0u, driver.TakeInterrupts());
    }

    [Fact]
    public void A_driver_that_reads_half_of_a_feature_word_gets_that_half()
    {
        PciGuestDriver driver = Create(usesMsix: false);
        driver.Common(0x00, 4, 1);
        Assert.Equal(1u, driver.Common(0x04, 2));
        driver.Common(0x00, 4, 0);
        uint features = driver.Common(0x04, 4);
        Assert.Equal(features & 0xffff, driver.Common(0x04, 2));
        Assert.Equal(features >> 16, driver.Common(0x06, 2));
    }

    [Fact]
    public void A_vector_that_does_not_exist_reads_back_as_none()
    {
        PciGuestDriver driver = Create(usesMsix: true);
        driver.Common(0x10, 2, 3);
        Assert.Equal(0xffffu, driver.Common(0x10, 2));
        driver.Common(0x10, 2, 2);
        Assert.Equal(2u, driver.Common(0x10, 2));
        driver.Common(0x16, 2, 0);
        driver.Common(0x1a, 2, 0x1_0000 - 2);
        Assert.Equal(0xffffu, driver.Common(0x1a, 2));
    }

    [Fact]
    public void A_queue_without_vector_is_silent()
    {
        PciGuestDriver driver = Create(usesMsix: true);
        driver.Start(0, 1, 16);
        driver.Common(0x16, 2, 0);
        driver.Common(0x1a, 2, 0xffff);
        driver.Submit(0, new GuestBuffer(Data, 1));
        Assert.Empty(driver.Messages);
        Assert.False(driver.Level);
        Assert.Equal(1, driver.Queues[0].DeviceUsedIndex);
    }

    [Fact]
    public void A_masked_vector_is_delivered_when_it_is_unmasked()
    {
        PciGuestDriver driver = Create(usesMsix: true);
        driver.Start(0, 1, 16);
        _bench.Memory.Write(PciGuestDriver.MsixBase + 16 + 12, 4, 1);
        driver.Submit(0, new GuestBuffer(Data, 1));
        Assert.Empty(driver.Messages);
        _bench.Memory.Write(PciGuestDriver.MsixBase + 16 + 12, 4, 0);
        Assert.Equal([(0xfee0_0000UL, 0x41u)], driver.Messages);
    }

    [Fact]
    public void Registers_are_reachable_through_configuration_space()
    {
        PciGuestDriver driver = Create(usesMsix: false);
        int capability = driver.AccessCapability;
        driver.WriteConfig(capability + 4, 1, 0);
        driver.WriteConfig(capability + 8, 4, 0x14);
        driver.WriteConfig(capability + 12, 4, 1);
        driver.WriteConfig(capability + 16, 1, 3);
        Assert.Equal(VirtioStatus.Acknowledge | VirtioStatus.Driver, driver.Status);
        Assert.Equal(3u, driver.ReadConfig(capability + 16, 1));
        driver.WriteConfig(capability + 8, 4, 0x04);
        driver.WriteConfig(capability + 12, 4, 4);
        driver.Common(0x00, 4, 0);
        Assert.Equal(0x3000_0008u, driver.ReadConfig(capability + 16, 4));
        // Outside the BAR, misaligned or of an odd length: nothing happens.
        driver.WriteConfig(capability + 8, 4, 0xffff_fffc);
        driver.ReadConfig(capability + 16, 4);
        driver.WriteConfig(capability + 8, 4, 0x15);
        driver.WriteConfig(capability + 16, 4, 0);
        driver.WriteConfig(capability + 12, 4, 0x8000_0000);
        driver.ReadConfig(capability + 16, 4);
        Assert.Equal(VirtioStatus.Acknowledge | VirtioStatus.Driver, driver.Status);
    }

    [Fact]
    public void A_function_that_may_not_master_the_bus_does_not_touch_memory()
    {
        PciGuestDriver driver = Create(usesMsix: false);
        driver.Start(0, 1, 16);
        driver.WriteConfig(4, 2, PciFunction.CommandMemory);
        driver.Submit(0, new(Data, 8), new(Reply, 8, true));
        Assert.Equal(0, _device.Served);
        Assert.Equal(0, driver.Queues[0].DeviceUsedIndex);
    }

    [Fact]
    public void Reset_of_the_bus_resets_the_device()
    {
        PciGuestDriver driver = Create(usesMsix: false);
        driver.Start(0, 1, 16);
        driver.Submit(0, new GuestBuffer(Data, 1));
        Assert.True(driver.Level);
        driver.Bus.Reset();
        Assert.False(driver.Level);
        Assert.Equal(VirtioStatus.None, _device.Status);
        Assert.Equal(0u, driver.ReadConfig(4, 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_restored_function_goes_on_where_the_saved_one_was(bool usesMsix)
    {
        PciGuestDriver driver = Create(usesMsix);
        driver.Start(VirtioFeatures.EventIndex, 2, 16);
        driver.Submit(0, new(Data, 8), new(Reply, 8, true));
        using var other = new VirtioBench();
        var device = new EchoDevice(other.Context);
        var restored = new PciGuestDriver(other, device, usesMsix);
        other.CopyRamFrom(_bench);
        VirtioBench.Transfer([(_device, device), (driver.Function, restored.Function), (driver.Bus, restored.Bus)]);
        restored.Discover();
        Assert.Equal(driver.Status, restored.Status);
        Assert.Equal(usesMsix ? 0u : 1u, restored.TakeInterrupts());
        GuestQueue queue = driver.Queues[0].MoveTo(other);
        Assert.True(queue.TryTake(out _, out _));
        queue.Add(new(Data, 8), new(Reply, 8, true));
        restored.Notify(0);
        Assert.True(queue.TryTake(out _, out _));
        Assert.Equal(1u, restored.TakeInterrupts());
    }

    [Fact]
    public void Random_register_accesses_never_throw_or_hang()
    {
        PciGuestDriver driver = Create(usesMsix: true);
        var random = new Random(60);
        int[] widths = [1, 2, 4, 8];
        for (int i = 0; i < 100_000; i++)
        {
            int width = widths[random.Next(4)];
            ulong offset = (ulong)(random.Next(2) == 0 ? random.Next(64) : random.Next(0x4000 - width));
            ulong value = random.Next(3) switch
            {
                0 => (ulong)random.Next(16),
                1 => VirtioBench.RamBase + ((ulong)random.Next((int)VirtioBench.RamByteCount) & ~0xfUL),
                _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
            };
            switch (random.Next(8))
            {
                case 0:
                    driver.WriteConfig(0x40 + (random.Next(0x30) * 4), 4, (uint)value);
                    break;
                case 1:
                    driver.ReadConfig(random.Next(64) * 4, 4);
                    break;
                case 2 or 3:
                    driver.Function.ReadMmio(offset, width);
                    break;
                default:
                    driver.Function.WriteMmio(offset, width, value);
                    break;
            }
        }
    }

    [Fact]
    public void Random_rings_never_throw_or_hang()
        => VirtioFuzzTests.Fuzz(61, 300, bench => new PciGuestDriver(bench, new EchoDevice(bench.Context), usesMsix: true), queueCount: 2);

    private PciGuestDriver Create(bool usesMsix) => new(_bench, _device, usesMsix);
}
