using System;
using Xunit;

namespace Sosia.Images.Tests.Support;

/// <summary>Random reads, writes, zeroing and discarding of an image, mirrored in memory.</summary>
internal static class RandomWork
{
    public static void Run(DiskImage image, byte[] mirror, int seed, int count, bool discards = true, Action? between = null)
    {
        var random = new Random(seed);
        byte[] buffer = new byte[300 * 1024];
        var memory = new ScatteredMemory(buffer.Length);
        for (int i = 0; i < count; i++)
        {
            int maxSectors = random.Next(4) == 0 ? buffer.Length / 512 : 16;
            int sectors = random.Next(1, Math.Min(maxSectors, mirror.Length / 512) + 1);
            int offset = random.Next((mirror.Length / 512) - sectors + 1) * 512;
            Span<byte> piece = buffer.AsSpan(0, sectors * 512);
            switch (random.Next(discards ? 10 : 7))
            {
                case < 4:
                    random.NextBytes(piece);
                    Assert.Equal(BlockResult.Ok, random.Next(2) == 0 ? image.Write((ulong)offset, piece) : memory.Write(image, random, (ulong)offset, piece));
                    piece.CopyTo(mirror.AsSpan(offset));
                    break;
                case < 6:
                    Assert.Equal(BlockResult.Ok, random.Next(2) == 0 ? image.Read((ulong)offset, piece) : memory.Read(image, random, (ulong)offset, piece));
                    Assert.True(piece.SequenceEqual(mirror.AsSpan(offset, piece.Length)), $"step {i} of seed {seed}: {piece.Length} bytes at {offset} differ");
                    break;
                case 6:
                    Assert.Equal(BlockResult.Ok, image.Flush());
                    between?.Invoke();
                    break;
                case 7:
                    Assert.Equal(BlockResult.Ok, image.WriteZeroes((ulong)offset, (ulong)piece.Length, mayUnmap: random.Next(2) == 0));
                    mirror.AsSpan(offset, piece.Length).Clear();
                    break;
                default:
                    Assert.Equal(BlockResult.Ok, image.Discard((ulong)offset, (ulong)piece.Length));
                    // What a discarded range holds is the image's choice; it stays that way.
                    Assert.Equal(BlockResult.Ok, image.Read((ulong)offset, mirror.AsSpan(offset, piece.Length)));
                    break;
            }
        }
    }

    public static void AssertHolds(DiskImage image, byte[] mirror)
    {
        byte[] bytes = new byte[mirror.Length];
        Assert.Equal((ulong)mirror.Length, image.ByteCount);
        Assert.Equal(BlockResult.Ok, image.Read(0, bytes));
        int difference = bytes.AsSpan().CommonPrefixLength(mirror);
        Assert.True(difference == mirror.Length, $"the disks differ at {difference}");
    }

    /// <summary>A disk with holes, runs and noise.</summary>
    public static byte[] MakeDisk(int byteCount, int seed)
    {
        var random = new Random(seed);
        byte[] disk = new byte[byteCount];
        for (int position = 0; position < byteCount;)
        {
            int length = Math.Min(byteCount - position, random.Next(1, 200) * 1024);
            Span<byte> piece = disk.AsSpan(position, length);
            switch (random.Next(3))
            {
                case 0:
                    random.NextBytes(piece);
                    break;
                case 1:
                    piece.Fill((byte)random.Next(1, 256));
                    break;
            }

            position += length;
        }

        return disk;
    }
}
