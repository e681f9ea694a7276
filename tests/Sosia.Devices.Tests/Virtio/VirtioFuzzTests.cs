using System;
using Sosia.Devices.Virtio;
using Xunit;

namespace Sosia.Devices.Tests.Virtio;

/// <summary>Random drivers with a fixed seed: the device may refuse anything, but must come back and never throw.</summary>
public sealed class VirtioFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_ring_contents_never_throw_or_hang(int seed)
        => Fuzz(seed, rounds: 1500, bench =>
        {
            var device = new EchoDevice(bench.Context);
            return new MmioGuestDriver(bench, device);
        }, queueCount: 2);

    [Fact]
    public void Random_register_accesses_never_throw_or_hang()
    {
        using var bench = new VirtioBench();
        var driver = new MmioGuestDriver(bench, new EchoDevice(bench.Context));
        var random = new Random(20);
        int[] widths = [1, 2, 4, 8];
        for (int i = 0; i < 200_000; i++)
        {
            int width = random.Next(8) == 0 ? widths[random.Next(4)] : 4;
            ulong offset = (ulong)random.Next((int)VirtioMmioTransport.ByteCount - width);
            offset = width == 4 && random.Next(4) != 0 ? offset & ~3UL : offset;
            ulong value = random.Next(3) switch
            {
                0 => (ulong)random.Next(16),
                1 => VirtioBench.RamBase + ((ulong)random.Next((int)VirtioBench.RamByteCount) & ~0xfUL),
                _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
            };
            if (random.Next(2) == 0)
            {
                driver.Transport.WriteMmio(offset, width, value);
            }
            else
            {
                driver.Transport.ReadMmio(offset, width);
            }

            if (random.Next(64) == 0)
            {
                bench.Step();
            }
        }
    }

    internal static void Fuzz(int seed, int rounds, Func<VirtioBench, GuestDriver> create, int queueCount)
    {
        using var bench = new VirtioBench();
        GuestDriver driver = create(bench);
        var random = new Random(seed);
        for (int round = 0; round < rounds; round++)
        {
            ulong features = driver.OfferedFeatures & (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            driver.Start(features, queueCount, 1 << random.Next(1, 6));
            int steps = random.Next(1, 12);
            for (int step = 0; step < steps; step++)
            {
                GuestQueue queue = driver.Queues[random.Next(queueCount)];
                Scribble(random, queue);
                Scribble(random, queue);
                queue.SetAvailableIndex(random.Next(4) == 0 ? (ushort)random.Next(0x1_0000) : (ushort)(queue.AvailableIndex + random.Next(4)));
                driver.Notify((uint)queue.Index);
                bench.Step();
            }
        }
    }

    private static void Scribble(Random random, GuestQueue queue)
    {
        for (int i = 0; i < queue.Size; i++)
        {
            ulong address = random.Next(8) switch
            {
                0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
                1 => queue.DescriptorTable + (ulong)random.Next(0x1_0000),
                2 => queue.IndirectTables,
                _ => VirtioBench.RamBase + 0x10_0000 + (ulong)random.Next(0x20_0000),
            };
            uint byteCount = random.Next(8) switch
            {
                0 => (uint)random.NextInt64(1L << 32),
                1 => 0,
                2 => 512,
                3 => 64,
                _ => (uint)random.Next(64),
            };
            ushort flags = (ushort)(random.Next(16) == 0 ? random.Next(0x1_0000) : random.Next(4));
            ushort next = (ushort)(random.Next(16) == 0 ? random.Next(0x1_0000) : random.Next(queue.Size));
            ulong table = random.Next(4) == 0 ? queue.IndirectTables : queue.DescriptorTable;
            queue.WriteDescriptor(table, i, address, byteCount, flags, next);
        }

        queue.ScribbleAvailable(random);
    }
}
