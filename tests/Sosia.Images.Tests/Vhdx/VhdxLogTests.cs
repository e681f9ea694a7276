using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO;
using System.Numerics;
using Sosia.Core;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Vhdx;

/// <summary>Images whose log another program has left: QEMU's, killed while it had them open.</summary>
public sealed class VhdxLogTests : IDisposable
{
    private const int FirstHeader = 64 * 1024;
    private const int SecondHeader = 128 * 1024;
    private const int HeaderByteCount = 4096;
    private const int Checksum = 4;
    private const int LogIdentifier = 48;
    private const int LogIdentifierInEntry = 32;
    private const int BatSector = 4096;
    private const int WrittenByteCount = 64 * 1024;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [QemuFact]
    public void The_log_of_a_killed_program_is_replayed_as_qemu_does_it()
    {
        string path = Path.Combine(_directory.Path, "a.vhdx");
        byte[] disk = new byte[64 << 20];
        QemuImg.Run("create", "-f", "vhdx", "-o", "block_size=1M", path, "64M");
        byte[] before = File.ReadAllBytes(path);
        WriteAndKill(path, disk);

        // As if the program had been killed a moment earlier: the table's new sector is in the log, and not yet in its place.
        byte[] after = File.ReadAllBytes(path);
        MakeLogActive(after);
        int bat = FindChange(before, after);
        before.AsSpan(bat, BatSector).CopyTo(after.AsSpan(bat));
        File.WriteAllBytes(path, after);
        string copy = Path.Combine(_directory.Path, "copy.vhdx");
        File.Copy(path, copy);

        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open(path, new ImageOpenOptions { Format = ImageFormat.Vhdx, IsReadOnly = true }));
        Assert.Contains("log", error.Message, StringComparison.Ordinal);
        Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(after));
        using (DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = ImageFormat.Vhdx }))
        {
            RandomWork.AssertHolds(image, disk);
        }

        QemuImg.Run("check", "-f", "vhdx", path);
        QemuImg.TryRun(out _, "check", "-r", "all", "-f", "vhdx", copy);
        QemuImg.AssertSame(path, "vhdx", copy, "vhdx");
    }

    [QemuFact]
    public void A_damaged_log_is_refused_and_nothing_is_written()
    {
        string path = Path.Combine(_directory.Path, "a.vhdx");
        byte[] disk = new byte[64 << 20];
        QemuImg.Run("create", "-f", "vhdx", "-o", "block_size=1M", path, "64M");
        WriteAndKill(path, disk);
        byte[] bytes = File.ReadAllBytes(path);
        MakeLogActive(bytes);
        for (int at = 0; (at = Find(bytes, "loge"u8, at)) >= 0; at++)
        {
            bytes[at + 4] ^= 1;
        }

        File.WriteAllBytes(path, bytes);
        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open(path, new ImageOpenOptions { Format = ImageFormat.Vhdx }));
        Assert.Contains("log", error.Message, StringComparison.Ordinal);
        Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes));
    }

    [QemuFact]
    public void A_differencing_image_is_refused_by_name()
    {
        string path = Path.Combine(_directory.Path, "a.vhdx");
        QemuImg.Run("create", "-f", "vhdx", path, "64M");
        byte[] bytes = File.ReadAllBytes(path);

        // The item "file parameters" of the metadata: the second bit of its flags says that there is a parent.
        byte[] identity = new Guid("CAA16737-FA36-4D43-B3B6-33F0AA44E76B").ToByteArray();
        int entry = Find(bytes, identity, 0);
        int table = Find(bytes, "metadata"u8, 0);
        bytes[table + BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(entry + 16)) + 4] |= 2;
        File.WriteAllBytes(path, bytes);
        SosiaException error = Assert.Throws<SosiaException>(() => DiskImages.Open(path, new ImageOpenOptions { Format = ImageFormat.Vhdx }));
        Assert.Contains("differencing", error.Message, StringComparison.Ordinal);
        Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes));
    }

    // QEMU takes the log's identity out of the headers as soon as what it logged is in place: here it gets back in.
    private static void MakeLogActive(byte[] bytes)
    {
        int newest = -1;
        for (int at = 0; (at = Find(bytes, "loge"u8, at)) >= 0; at++)
        {
            newest = newest < 0 || Sequence(bytes, at) > Sequence(bytes, newest) ? at : newest;
        }

        foreach (int header in new[] { FirstHeader, SecondHeader })
        {
            Span<byte> whole = bytes.AsSpan(header, HeaderByteCount);
            bytes.AsSpan(newest + LogIdentifierInEntry, 16).CopyTo(whole[LogIdentifier..]);
            whole.Slice(Checksum, sizeof(uint)).Clear();
            uint crc = uint.MaxValue;
            foreach (byte value in whole)
            {
                crc = BitOperations.Crc32C(crc, value);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(whole[Checksum..], ~crc);
        }
    }

    private static ulong Sequence(byte[] bytes, int entry) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(entry + 16));

    private static void WriteAndKill(string path, byte[] disk)
    {
        using var process = Process.Start(new ProcessStartInfo("qemu-io", ["-f", "vhdx", path]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        foreach (int place in new[] { 3 << 20, 17 << 20 })
        {
            process.StandardInput.WriteLine($"write -P 0x5a {place} {WrittenByteCount}");
            process.StandardInput.WriteLine("flush");
            process.StandardInput.Flush();
            string? line;
            do
            {
                line = process.StandardOutput.ReadLine();
                Assert.NotNull(line);
            }
            while (!line.Contains("wrote", StringComparison.Ordinal));
            disk.AsSpan(place, WrittenByteCount).Fill(0x5a);
        }

        process.Kill();
        process.WaitForExit();
    }

    // The first sector after the headers and the log that differs, and that there was before.
    private static int FindChange(byte[] before, byte[] after)
    {
        for (int at = 2 << 20; at < before.Length; at += BatSector)
        {
            if (!before.AsSpan(at, BatSector).SequenceEqual(after.AsSpan(at, BatSector)))
            {
                return at;
            }
        }

        throw new InvalidOperationException("The table of the image has not changed.");
    }

    private static int Find(byte[] bytes, ReadOnlySpan<byte> wanted, int from)
    {
        int found = bytes.AsSpan(from).IndexOf(wanted);
        return found < 0 ? -1 : from + found;
    }
}
