using System.Collections.Generic;
using System.Text;
using Sosia.Devices.Virtio;
using Xunit;

namespace Sosia.Devices.Tests.Virtio;

public sealed class VirtioTabletTests
{
    private const ulong Data = VirtioBench.RamBase + 0x10_0000;

    [Fact]
    public void The_configuration_describes_an_absolute_pointer()
    {
        using var bench = new VirtioBench();
        var driver = new MmioGuestDriver(bench, new VirtioTabletDevice(bench.Context, "tablet"));
        Assert.Equal(18u, driver.DeviceType);
        Assert.Equal("Sosia tablet", Encoding.ASCII.GetString(Select(driver, 1, 0)));
        Assert.Equal([0x03], Select(driver, 0x11, 3));
        Assert.Equal([0x00, 0x01], Select(driver, 0x11, 2));
        byte[] keys = Select(driver, 0x11, 1);
        Assert.Equal((35, 0x1f), (keys.Length, keys[34]));
        Assert.Equal([0, 0, 0, 0, 0xff, 0x7f, 0, 0], Select(driver, 0x12, 1)[..8]);
        Assert.Empty(Select(driver, 0x12, 2));
        Assert.Empty(Select(driver, 0x77, 0));
    }

    [Fact]
    public void Movements_buttons_and_wheel_are_events_and_end_with_a_synchronization()
    {
        using var bench = new VirtioBench();
        var tablet = new VirtioTabletDevice(bench.Context, "tablet");
        var driver = new MmioGuestDriver(bench, tablet);
        tablet.Move(1, 1, 0, 0);
        driver.Start(0, 2, 32);
        Provide(driver, 16);
        Assert.True(tablet.IsUsed);
        tablet.Move(100, 0x9000, 0, 1);
        tablet.Move(100, 0x7fff, 2, 0);
        Assert.Equal(
            [(3, 0, 100), (3, 1, 0x7fff), (1, 0x110, 1), (0, 0, 0), (1, 0x110, 0), (2, 8, 2), (0, 0, 0)],
            Take(driver));
    }

    [Fact]
    public void Events_wait_for_buffers_and_survive_a_snapshot()
    {
        using var bench = new VirtioBench();
        var tablet = new VirtioTabletDevice(bench.Context, "tablet");
        var driver = new MmioGuestDriver(bench, tablet);
        driver.Start(0, 2, 32);
        tablet.Move(5, 6, 0, 2);
        using var other = new VirtioBench();
        var restored = new VirtioTabletDevice(other.Context, "tablet");
        var restoredDriver = new MmioGuestDriver(other, restored);
        other.CopyRamFrom(bench);
        VirtioBench.Transfer([(tablet, restored), (driver.Transport, restoredDriver.Transport)]);
        restoredDriver.Queues.Add(driver.Queues[0].MoveTo(other));
        Provide(restoredDriver, 8);
        Assert.Equal([(3, 0, 5), (3, 1, 6), (1, 0x111, 1), (0, 0, 0)], Take(restoredDriver));
    }

    [Fact]
    public void A_driver_that_takes_nothing_costs_bounded_memory()
    {
        using var bench = new VirtioBench();
        var tablet = new VirtioTabletDevice(bench.Context, "tablet");
        var driver = new MmioGuestDriver(bench, tablet);
        driver.Start(0, 2, 32);
        for (int i = 0; i < 100_000; i++)
        {
            tablet.Move(i & 0x7fff, 0, 0, (byte)(i & 1));
        }

        int count = 0;
        int taken;
        do
        {
            Provide(driver, 16);
            taken = Take(driver).Count;
            count += taken;
        }
        while (taken == 16);

        Assert.InRange(count, 256, 1000);
    }

    [Fact]
    public void Random_rings_never_throw_or_hang()
        => VirtioFuzzTests.Fuzz(43, 300, bench => new MmioGuestDriver(bench, new VirtioTabletDevice(bench.Context, "tablet")), queueCount: 2);

    private static byte[] Select(MmioGuestDriver driver, byte select, byte subselect)
    {
        driver.WriteConfiguration(0, 1, select);
        driver.WriteConfiguration(1, 1, subselect);
        byte[] bytes = new byte[driver.ReadConfiguration(2, 1)];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)driver.ReadConfiguration(8 + i, 1);
        }

        return bytes;
    }

    private static void Provide(MmioGuestDriver driver, int count)
    {
        for (int i = 0; i < count; i++)
        {
            driver.Queues[0].Add(new GuestBuffer(Data + (ulong)(8 * i), 8, true));
        }

        driver.Notify(0);
    }

    private static List<(int Type, int Code, int Value)> Take(MmioGuestDriver driver)
    {
        List<(int, int, int)> events = [];
        for (ulong at = Data; driver.Queues[0].TryTake(out _, out uint written); at += 8)
        {
            Assert.Equal(8u, written);
            events.Add(((int)driver.Bench.Memory.Read(at, 2), (int)driver.Bench.Memory.Read(at + 2, 2), (int)driver.Bench.Memory.Read(at + 4, 4)));
        }

        return events;
    }
}
