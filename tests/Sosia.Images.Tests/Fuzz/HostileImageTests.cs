using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using Sosia.Core;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Fuzz;

public sealed class HostileImageTests : IDisposable
{
    private const int MutantCount = 200;
    private const int DiskByteCount = 1 << 20;
    private const byte Data = 0xee;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(ImageFormat.Qcow2, null)]
    [InlineData(ImageFormat.Vdi, null)]
    [InlineData(ImageFormat.Vhd, null)]
    [InlineData(ImageFormat.Vhd, "fixed")]
    [InlineData(ImageFormat.Vmdk, null)]
    [InlineData(ImageFormat.Vhdx, null)]
    public void Mutated_images_are_refused_or_read_but_never_crash_or_get_written_while_they_are_opened(ImageFormat format, string? subformat)
    {
        string path = Path.Combine(_directory.Path, "victim.img");
        ImageCreator.Create(path, new ImageCreateOptions { Format = format, ByteCount = DiskByteCount, Subformat = subformat });
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format }))
        {
            byte[] data = new byte[20 * 1024];
            data.AsSpan().Fill(Data);
            Assert.Equal(BlockResult.Ok, image.Write(4096, data));
            Assert.Equal(BlockResult.Ok, image.Write(300 * 1024, data));
            image.SnapshotStore?.CreateSnapshot("kept", DateTimeOffset.UnixEpoch);
            Assert.Equal(BlockResult.Ok, image.Write(310 * 1024, data));
        }

        byte[] good = File.ReadAllBytes(path);
        List<int> metadata = FindMetadata(good);
        var random = new Random(12345);
        int refused = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < MutantCount && Stopwatch.GetElapsedTime(start) < Limit; i++)
        {
            byte[] mutant = Mutate(good, metadata, random);
            File.WriteAllBytes(path, mutant);
            refused += Exercise(path, format, isReadOnly: true, mutant) ? 0 : 1;
            Exercise(path, format, isReadOnly: false, mutant);
        }

        Assert.True(refused > 0, "no mutant was noticed");
    }

    private static byte[] Mutate(byte[] good, List<int> metadata, Random random)
    {
        byte[] mutant = (byte[])good.Clone();
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            int place = metadata[random.Next(metadata.Count)];
            switch (random.Next(5))
            {
                case 0:
                    mutant[place] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    mutant[place] = (byte)random.Next(256);
                    break;
                case 2:
                    mutant.AsSpan(place, Math.Min(8, mutant.Length - place)).Fill((byte)(random.Next(2) * 255));
                    break;
                case 3:
                    good.AsSpan(metadata[random.Next(metadata.Count)]..).Slice(0, 1).CopyTo(mutant.AsSpan(place));
                    break;
                default:
                    if (random.Next(10) == 0)
                    {
                        Array.Resize(ref mutant, random.Next(1, mutant.Length));
                        return mutant;
                    }

                    random.NextBytes(mutant.AsSpan(place, Math.Min(4, mutant.Length - place)));
                    break;
            }
        }

        return mutant;
    }

    // What is neither empty nor the disk's data is what the parsers look at.
    private static List<int> FindMetadata(byte[] bytes)
    {
        List<int> places = [];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] is not (0 or Data) && places.Count < 20000)
            {
                places.Add(i);
            }
        }

        return places;
    }

    private static bool Exercise(string path, ImageFormat format, bool isReadOnly, byte[] mutant)
    {
        try
        {
            using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = isReadOnly });
            byte[] buffer = new byte[64 * 1024];
            for (ulong position = 0; position < Math.Min(image.ByteCount, 4 << 20); position += (ulong)buffer.Length)
            {
                image.Read(position, buffer.AsSpan(0, (int)Math.Min((ulong)buffer.Length, image.ByteCount - position)));
            }

            if (!isReadOnly)
            {
                image.Write(Math.Min(image.ByteCount, 1 << 20) - 512, buffer.AsSpan(0, 512));
                image.Flush();
            }
        }
        catch (SosiaException)
        {
            // Refused: not a byte of it was changed.
            Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(mutant));
            return false;
        }

        if (isReadOnly)
        {
            Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(mutant));
        }

        try
        {
            using DiskImage check = DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = true, ForCheck = true });
            check.Check(repair: false);
        }
        catch (SosiaException)
        {
            return false;
        }

        return true;
    }
}
