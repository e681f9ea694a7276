using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;

namespace Sosia.Images.Writer;

/// <summary>
/// Writes to an image until it is killed: PATH FORMAT SEED. Every 4 KiB block that it writes says where it is and in which round it was written;
/// after each flush it prints the round, which is durable then. With PATH replay FILE FILE it writes what the files say, in turns, with a flush after each:
/// places of eight bytes, each followed by a sector.
/// </summary>
internal static class Program
{
    private const int BlockByteCount = 4096;
    private const int BlocksPerRound = 40;

    private const int SectorByteCount = 512;

    private static int Main(string[] arguments)
        => arguments[1] == "replay" ? Replay(arguments[0], File.ReadAllBytes(arguments[2]), File.ReadAllBytes(arguments[3])) : Write(arguments);

    private static int Replay(string path, byte[] odd, byte[] even)
    {
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions());
        for (int round = 1; ; round++)
        {
            ReadOnlySpan<byte> changes = round % 2 == 0 ? even : odd;
            for (; !changes.IsEmpty; changes = changes[(sizeof(ulong) + SectorByteCount)..])
            {
                if (image.Write(BinaryPrimitives.ReadUInt64LittleEndian(changes), changes.Slice(sizeof(ulong), SectorByteCount)) != BlockResult.Ok)
                {
                    return 1;
                }
            }

            if (image.Flush() != BlockResult.Ok)
            {
                return 1;
            }

            Console.Out.WriteLine(round);
        }
    }

    private static int Write(string[] arguments)
    {
        var random = new Random(int.Parse(arguments[2], CultureInfo.InvariantCulture));
        using DiskImage image = DiskImages.Open(arguments[0], new ImageOpenOptions { Format = DiskImages.ParseFormat(arguments[1]) });
        byte[] block = new byte[BlockByteCount];
        int blockCount = (int)(image.ByteCount / BlockByteCount);
        for (int round = 1; ; round++)
        {
            for (int i = 0; i < BlocksPerRound; i++)
            {
                int number = random.Next(blockCount);
                if (random.Next(12) == 0 && image.Discard((ulong)number * BlockByteCount, BlockByteCount * 16UL) is BlockResult.Ok or BlockResult.OutOfRange)
                {
                    continue;
                }

                BinaryPrimitives.WriteInt32LittleEndian(block, number);
                BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(4), round);
                if (image.Write((ulong)number * BlockByteCount, block) != BlockResult.Ok)
                {
                    return 1;
                }
            }

            if (image.Flush() != BlockResult.Ok)
            {
                return 1;
            }

            Console.Out.WriteLine(round);
        }
    }
}
