using Sosia.Devices.Virtio;
using Xunit;

namespace Sosia.Devices.Tests.Virtio;

public sealed class VirtioEntropyTests
{
    private const ulong Data = VirtioBench.RamBase + 0x10_0000;

    [Fact]
    public void Host_entropy_fills_the_whole_buffer_and_never_repeats()
    {
        byte[] first = Draw(null, 1000);
        byte[] second = Draw(null, 1000);
        Assert.NotEqual(first, second);
        Assert.NotEqual(new byte[8], first[^8..]);
    }

    [Fact]
    public void A_seed_gives_the_same_bytes_every_time()
    {
        Assert.Equal(Draw(7, 100), Draw(7, 100));
        Assert.NotEqual(Draw(7, 100), Draw(8, 100));
    }

    [Fact]
    public void The_sequence_goes_on_in_a_restored_machine()
    {
        using var bench = new VirtioBench();
        var device = new VirtioEntropyDevice(bench.Context, "rng", 5);
        var driver = new MmioGuestDriver(bench, device);
        driver.Start(0, 1, 8);
        driver.Submit(0, new GuestBuffer(Data, 24, true));
        using var other = new VirtioBench();
        var restored = new VirtioEntropyDevice(other.Context, "rng", 99);
        var restoredDriver = new MmioGuestDriver(other, restored);
        other.CopyRamFrom(bench);
        VirtioBench.Transfer([(device, restored), (driver.Transport, restoredDriver.Transport)]);
        GuestQueue queue = driver.Queues[0].MoveTo(other);
        driver.Submit(0, new GuestBuffer(Data, 24, true));
        queue.Add(new GuestBuffer(Data, 24, true));
        restoredDriver.Notify(0);
        Assert.Equal(Bytes(bench, 24), Bytes(other, 24));
    }

    [Fact]
    public void A_huge_request_is_filled_in_part()
    {
        using var bench = new VirtioBench();
        var driver = new MmioGuestDriver(bench, new VirtioEntropyDevice(bench.Context, "rng", 1));
        driver.Start(0, 1, 8);
        driver.Submit(0, new GuestBuffer(Data, 0x20_0000, true));
        Assert.True(driver.Queues[0].TryTake(out _, out uint written));
        Assert.Equal(65536u, written);
    }

    [Fact]
    public void Random_rings_never_throw_or_hang()
        => VirtioFuzzTests.Fuzz(41, 400, bench => new MmioGuestDriver(bench, new VirtioEntropyDevice(bench.Context, "rng", 1)), queueCount: 1);

    private static byte[] Draw(ulong? seed, int byteCount)
    {
        using var bench = new VirtioBench();
        var driver = new MmioGuestDriver(bench, new VirtioEntropyDevice(bench.Context, "rng", seed));
        driver.Start(VirtioFeatures.EventIndex, 1, 8);
        driver.Submit(0, new GuestBuffer(Data, (uint)byteCount, true));
        Assert.True(driver.Queues[0].TryTake(out _, out uint written));
        Assert.Equal((uint)byteCount, written);
        return Bytes(bench, byteCount);
    }

    private static byte[] Bytes(VirtioBench bench, int byteCount)
    {
        byte[] bytes = new byte[byteCount];
        bench.Memory.ReadBytes(Data, bytes);
        return bytes;
    }
}
