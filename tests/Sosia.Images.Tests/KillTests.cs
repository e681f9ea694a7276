using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests;

/// <summary>A process that writes is killed; what it leaves must be an image.</summary>
public sealed class KillTests : IDisposable
{
    private const int KillCount = 6;
    private const int BlockByteCount = 4096;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [QemuTheory]
    [InlineData(ImageFormat.Qcow2, false, 0)]
    [InlineData(ImageFormat.Qcow2, false, 4096)]
    [InlineData(ImageFormat.Qcow2, true, 0)]
    [InlineData(ImageFormat.Vdi, false, 0)]
    [InlineData(ImageFormat.Vhd, false, 0)]
    [InlineData(ImageFormat.Vmdk, false, 0)]
    [InlineData(ImageFormat.Vhdx, false, 0)]
    [InlineData(ImageFormat.Raw, false, 0)]
    [Trait("Category", "Slow")]
    public void After_a_kill_at_any_moment_the_image_has_no_more_than_leaks(ImageFormat format, bool lazy, int clusterByteCount)
    {
        string path = Path.Combine(_directory.Path, "k.img");
        ImageCreator.Create(path, new ImageCreateOptions { Format = format, ByteCount = 48 << 20, HasLazyRefcounts = lazy, ClusterByteCount = (ulong)clusterByteCount });
        var random = new Random(99);
        for (int i = 0; i < KillCount; i++)
        {
            WriteAndKill(path, format, seed: i, rounds: random.Next(1, 30), extraMicroseconds: random.Next(3000));
            Examine(path, format, lazy);
        }
    }

    private static void WriteAndKill(string path, ImageFormat format, int seed, int rounds, int extraMicroseconds)
    {
        string program = typeof(KillTests).Assembly.Location.Replace("Sosia.Images.Tests", "Sosia.Images.Writer", StringComparison.Ordinal);
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, path, DiskImages.NameOf(format), seed.ToString(System.Globalization.CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        })!;
        for (int round = 0; round < rounds; round++)
        {
            Assert.NotNull(process.StandardOutput.ReadLine());
        }

        // At no particular point of the next round.
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMicroseconds < extraMicroseconds)
        {
        }

        process.Kill();
        process.WaitForExit();
    }

    private static void Examine(string path, ImageFormat format, bool lazy)
    {
        // With lazy refcounts the counts in the file are behind until they are repaired, which both programs do when they open it for writing.
        if (format == ImageFormat.Qcow2 && !lazy)
        {
            int status = QemuImg.TryRun(out string output, "check", "-f", "qcow2", path);
            Assert.True(status is 0 or 3, output);
        }
        else if (format is ImageFormat.Vmdk or ImageFormat.Vhdx)
        {
            int status = QemuImg.TryRun(out string output, "check", "-f", DiskImages.NameOf(format), path);
            Assert.True(status is 0 or 3, output);
        }

        using (DiskImage check = DiskImages.Open(path, new ImageOpenOptions { Format = format, ForCheck = true }))
        {
            ImageCheck result = check.Check(repair: lazy);
            Assert.True(result.CorruptionCount == 0, string.Join('\n', result.Messages));
        }

        if (lazy)
        {
            QemuImg.Run("check", "-f", "qcow2", path);
        }

        // Every block is what was written there at some time, or zeros.
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = true });
        byte[] block = new byte[BlockByteCount];
        for (ulong number = 0; number < image.ByteCount / BlockByteCount; number++)
        {
            Assert.Equal(BlockResult.Ok, image.Read(number * BlockByteCount, block));
            bool isBlank = !block.AsSpan().ContainsAnyExcept((byte)0);
            Assert.True(isBlank || BinaryPrimitives.ReadInt32LittleEndian(block) == (int)number, $"block {number} holds another block's data");
        }
    }
}
