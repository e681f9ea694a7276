using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Sosia.Images.Tests.Fat;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests;

/// <summary>A process that writes is killed; what it leaves must be an image.</summary>
public sealed class KillTests : IDisposable
{
    private const int KillCount = 6;
    private const int BlockByteCount = 4096;

    // As in the writer.
    private const int BlocksPerRound = 40;
    private const int DiscardedBlocks = 16;

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
            HashSet<int>[] allowed = ReadRounds(path, format);
            int flushed = WriteAndKill(random, path, DiskImages.NameOf(format), i.ToString(CultureInfo.InvariantCulture));
            Expect(allowed, seed: i, flushed);
            Examine(path, format, lazy);
            int[] found = Array.ConvertAll(ReadRounds(path, format), static rounds => rounds.Single());
            for (int number = 0; number < found.Length; number++)
            {
                Assert.True(allowed[number].Contains(found[number]), $"after round {flushed} was flushed, block {number} is of round {found[number]}, not {string.Join(" or ", allowed[number])}");
            }
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void After_a_kill_at_any_moment_each_file_of_a_shared_folder_is_whole()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_directory.Path, "shared")).FullName;
        string other = Path.Combine(_directory.Path, "other");
        (string Old, string New) changed = (new string('o', 200_000), new string('n', 300_000));
        File.WriteAllText(Path.Combine(folder, "changed"), changed.Old);
        File.WriteAllText(Path.Combine(folder, "removed"), changed.Old);
        File.WriteAllText(other, changed.New);
        string forth = Path.Combine(_directory.Path, "forth");
        string back = Path.Combine(_directory.Path, "back");
        using (DiskImage disk = DiskImages.Open($"fat:rw:{folder}", new ImageOpenOptions()))
        {
            new FatGuest(disk, _directory.Path).Run("mcopy", "-o", other, "::/changed").Run("mdel", "::/removed").Run("mmd", "::/folder").Run("mcopy", other, "::/folder/added").Record(forth, back);
        }

        var random = new Random(98);
        for (int i = 0; i < KillCount; i++)
        {
            WriteAndKill(random, $"fat:rw:{folder}", "replay", forth, back);
            Assert.Contains(File.ReadAllText(Path.Combine(folder, "changed")), new[] { changed.Old, changed.New });
            foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(static path => !path.EndsWith(".tmp", StringComparison.Ordinal)))
            {
                Assert.Contains(File.ReadAllText(file), new[] { changed.Old, changed.New });
            }

            // The changes are those of the folder as it was.
            Directory.Delete(folder, recursive: true);
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "changed"), changed.Old);
            File.WriteAllText(Path.Combine(folder, "removed"), changed.Old);
        }
    }

    // Which round's data each block may hold once the writer's rounds are done again: one, or more where a discard or an unfinished round leaves it open.
    private static void Expect(HashSet<int>[] allowed, int seed, int flushed)
    {
        var random = new Random(seed);
        for (int round = 1; round <= flushed + 1; round++)
        {
            for (int i = 0; i < BlocksPerRound; i++)
            {
                int number = random.Next(allowed.Length);
                if (random.Next(12) == 0)
                {
                    for (int block = number; block < number + DiscardedBlocks && number + DiscardedBlocks <= allowed.Length; block++)
                    {
                        allowed[block].Add(0);
                    }

                    continue;
                }

                if (round <= flushed)
                {
                    allowed[number].Clear();
                }

                allowed[number].Add(round);
            }
        }
    }

    private static HashSet<int>[] ReadRounds(string path, ImageFormat format)
    {
        using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = true });
        var rounds = new HashSet<int>[image.ByteCount / BlockByteCount];
        byte[] stamp = new byte[8];
        for (int number = 0; number < rounds.Length; number++)
        {
            Assert.Equal(BlockResult.Ok, image.Read((ulong)number * BlockByteCount, stamp));
            rounds[number] = [BinaryPrimitives.ReadInt32LittleEndian(stamp.AsSpan(4))];
        }

        return rounds;
    }

    // Returns the last round that was flushed.
    private static int WriteAndKill(Random random, string path, params string[] arguments)
    {
        int rounds = random.Next(1, 30);
        int extraMicroseconds = random.Next(3000);
        string program = typeof(KillTests).Assembly.Location.Replace("Sosia.Images.Tests", "Sosia.Images.Writer", StringComparison.Ordinal);
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, path, .. arguments])
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
        string[] rest = process.StandardOutput.ReadToEnd().Split('\n');
        // Only whole lines: the last one may be cut.
        return rounds + rest.Length - 1;
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
