using System;
using Sosia.Devices.Virtio;
using Xunit;

namespace Sosia.Devices.Tests.Virtio;

public sealed class VirtioMmioTests : IDisposable
{
    private readonly VirtioBench _bench = new();
    private readonly EchoDevice _device;
    private readonly MmioGuestDriver _driver;

    public VirtioMmioTests()
    {
        _device = new EchoDevice(_bench.Context);
        _driver = new MmioGuestDriver(_bench, _device);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Identification_registers_read_as_the_specification_says()
    {
        Assert.Equal(0x7472_6976u, _driver.Read(0x000));
        Assert.Equal(2u, _driver.Read(0x004));
        Assert.Equal(42u, _driver.DeviceType);
        Assert.Equal(VirtioFeatures.Common | (1UL << 3), _driver.OfferedFeatures);
        Assert.Equal(256, _driver.QueueMaxSize(0));
        Assert.Equal(16, _driver.QueueMaxSize(1));
        Assert.Equal(0, _driver.QueueMaxSize(2));
        Assert.Equal(0xffff_ffffu, _driver.Read(0x0b0));
    }

    [Fact]
    public void Features_that_were_not_offered_are_refused()
    {
        _driver.Status = VirtioStatus.Acknowledge | VirtioStatus.Driver;
        _driver.ChooseFeatures(VirtioFeatures.Version1 | (1UL << 4));
        _driver.Status = VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.FeaturesOk;
        Assert.Equal(VirtioStatus.Acknowledge | VirtioStatus.Driver, _driver.Status);
    }

    [Fact]
    public void A_legacy_driver_is_refused()
    {
        _driver.Status = VirtioStatus.Acknowledge | VirtioStatus.Driver;
        _driver.ChooseFeatures(0);
        _driver.Status = VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.FeaturesOk;
        Assert.Equal(VirtioStatus.Acknowledge | VirtioStatus.Driver, _driver.Status);
        _driver.Status = VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.DriverOk;
        Assert.Equal(VirtioStatus.Acknowledge | VirtioStatus.Driver, _driver.Status);
    }

    [Fact]
    public void Features_are_fixed_once_agreed()
    {
        _driver.Start(0, 1, 8);
        _driver.ChooseFeatures(VirtioFeatures.Version1 | VirtioFeatures.EventIndex);
        Assert.Equal(VirtioFeatures.Version1, _device.DriverFeatures);
        Assert.True(_bench.Misuse("echo") > 0);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(3u)]
    [InlineData(512u)]
    [InlineData(0x1_0008u)]
    public void Illegal_queue_sizes_are_ignored(uint size)
    {
        _driver.Write(0x030, 0);
        _driver.Write(0x038, size);
        Assert.Equal(256, _device.Queue(0).Size);
        Assert.Equal(1, _bench.Misuse("echo"));
    }

    [Fact]
    public void Notifications_of_missing_disabled_or_unready_queues_are_ignored()
    {
        _driver.Notify(0);
        _driver.Notify(7);
        _driver.Notify(0xffff_ffff);
        Assert.Equal(3, _bench.Misuse("echo"));
        _driver.Start(0, 1, 8);
        _driver.Notify(1);
        Assert.Equal(0, _device.Served);
    }

    [Fact]
    public void Configuration_changes_raise_an_interrupt_and_the_generation()
    {
        _driver.Start(0, 1, 8);
        byte generation = _driver.ConfigurationGeneration;
        _device.ChangeConfiguration(0x1234_5678);
        Assert.NotEqual(generation, _driver.ConfigurationGeneration);
        Assert.Equal(2u, _driver.TakeInterrupts());
        Assert.Equal(0x1234_5678u, _driver.ReadConfiguration(0, 4));
        Assert.Equal(0x5678u, _driver.ReadConfiguration(0, 2));
        Assert.Equal(0x56u, _driver.ReadConfiguration(1, 1));
        Assert.Equal(0u, _driver.ReadConfiguration(0xf8, 8));
    }

    [Fact]
    public void Only_writable_configuration_changes()
    {
        _driver.WriteConfiguration(4, 1, 0x5a);
        Assert.Equal(0x5a, _device.WritableByte);
        _driver.WriteConfiguration(0, 4, 0xffff_ffff);
        Assert.Equal(0u, _driver.ReadConfiguration(0, 4));
        _driver.WriteConfiguration(0x80, 4, 1);
        Assert.Equal(2, _bench.Misuse("echo"));
    }

    [Fact]
    public void Reset_forgets_queues_features_and_interrupts()
    {
        _driver.Start(0, 1, 8);
        _device.ChangeConfiguration(1);
        Assert.True(_driver.Irq.Level);
        _driver.Status = VirtioStatus.None;
        Assert.False(_driver.Irq.Level);
        Assert.Equal(VirtioStatus.None, _driver.Status);
        Assert.Equal(0u, _driver.Read(0x060));
        Assert.Equal(0UL, _device.DriverFeatures);
        Assert.False(_device.Queue(0).IsEnabled);
        Assert.Equal(0UL, _device.Queue(0).DescriptorTable);
    }

    [Fact]
    public void Registers_are_32_bits_wide_and_aligned()
    {
        Assert.Equal(0UL, _driver.Transport.ReadMmio(0x000, 1));
        Assert.Equal(0UL, _driver.Transport.ReadMmio(0x002, 4));
        _driver.Transport.WriteMmio(0x070, 1, 1);
        Assert.Equal(VirtioStatus.None, _driver.Status);
        Assert.Equal(3, _bench.Misuse("echo"));
    }

    [Fact]
    public void An_enabled_queue_keeps_its_addresses()
    {
        _driver.Start(0, 1, 8);
        _driver.Write(0x080, 0x1234);
        _driver.Write(0x038, 16);
        Assert.Equal(_driver.Queues[0].DescriptorTable, _device.Queue(0).DescriptorTable);
        Assert.Equal(8, _device.Queue(0).Size);
    }

    [Fact]
    public void Misaligned_rings_stop_the_device()
    {
        _driver.Write(0x030, 0);
        _driver.Write(0x080, (uint)VirtioBench.RamBase + 8);
        _driver.Write(0x044, 1);
        Assert.False(_device.Queue(0).IsEnabled);
        Assert.True((_driver.Status & VirtioStatus.DeviceNeedsReset) != 0);
    }
}
