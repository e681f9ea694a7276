using System;
using System.IO;
using Sosia.Core;
using Sosia.Images.Raw;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Raw;

public sealed class OverlayBackendTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Changes_are_seen_by_the_guest_and_leave_no_trace_on_the_host()
    {
        string path = _directory.CreateImage(64 * 1024);
        byte[] before = File.ReadAllBytes(path);
        string temporary = Directory.CreateDirectory(Path.Combine(_directory.Path, "tmp")).FullName;
        using (OverlayBackend disk = OverlayBackend.Create(RawFileBackend.Open(path, readOnly: true), temporary))
        {
            byte[] sector = new byte[512];
            sector.AsSpan().Fill(0xaa);
            Assert.Equal(BlockResult.Ok, disk.Write(1024, sector));
            byte[] all = new byte[64 * 1024];
            Assert.Equal(BlockResult.Ok, disk.Read(0, all));
            byte[] expected = (byte[])before.Clone();
            expected.AsSpan(1024, 512).Fill(0xaa);
            Assert.Equal(expected, all);
            Assert.Empty(Directory.GetFileSystemEntries(temporary));
        }

        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_operations_match_a_plain_array(int seed)
    {
        // Not a multiple of the overlay's block: the last one is short.
        const int ByteCount = (64 * 4096) + 1536;
        string path = _directory.CreateImage(ByteCount);
        byte[] model = File.ReadAllBytes(path);
        using OverlayBackend disk = OverlayBackend.Create(RawFileBackend.Open(path, readOnly: true));
        var random = new Random(seed);
        byte[] buffer = new byte[ByteCount];
        for (int i = 0; i < 2000; i++)
        {
            int offset = random.Next(ByteCount / 512) * 512;
            int count = Math.Min(random.Next(1, random.Next(2) == 0 ? 8 : 100) * 512, ByteCount - offset);
            Span<byte> span = buffer.AsSpan(0, count);
            switch (random.Next(8))
            {
                case 0:
                    Assert.Equal(BlockResult.Ok, disk.WriteZeroes((ulong)offset, (ulong)count, random.Next(2) == 0));
                    model.AsSpan(offset, count).Clear();
                    break;
                case 1:
                    Assert.Equal(BlockResult.Ok, disk.Discard((ulong)offset, (ulong)count));
                    // What was discarded may be anything, but it must stay the same: take what it is.
                    Assert.Equal(BlockResult.Ok, disk.Read((ulong)offset, span));
                    span.CopyTo(model.AsSpan(offset));
                    break;
                case 2 or 3 or 4:
                    random.NextBytes(span);
                    Assert.Equal(BlockResult.Ok, disk.Write((ulong)offset, span));
                    span.CopyTo(model.AsSpan(offset));
                    break;
                default:
                    Assert.Equal(BlockResult.Ok, disk.Read((ulong)offset, span));
                    Assert.True(span.SequenceEqual(model.AsSpan(offset, count)), $"step {i}");
                    break;
            }
        }

        Assert.Equal(BlockResult.Ok, disk.Read(0, buffer));
        Assert.Equal(model, buffer);
    }

    [Fact]
    public void Ranges_beyond_the_disk_are_refused()
    {
        using OverlayBackend disk = OverlayBackend.Create(RawFileBackend.Open(_directory.CreateImage(4096), readOnly: true));
        Assert.Equal(BlockResult.OutOfRange, disk.Write(4096, new byte[512]));
        Assert.Equal(BlockResult.OutOfRange, disk.Read(3584, new byte[1024]));
        Assert.Equal(BlockResult.OutOfRange, disk.Discard(ulong.MaxValue, 2));
        Assert.Equal(BlockResult.OutOfRange, disk.WriteZeroes(0, 8192, true));
    }

    [Fact]
    public void A_directory_that_cannot_hold_the_changes_is_named()
    {
        RawFileBackend raw = RawFileBackend.Open(_directory.CreateImage(4096), readOnly: true);
        SosiaException error = Assert.Throws<SosiaException>(() => OverlayBackend.Create(raw, "/nonexistent"));
        Assert.Contains("/nonexistent", error.Message, StringComparison.Ordinal);
        Assert.Equal(FailureKind.Host, error.Kind);
        // The lock of the disk below was released.
        RawFileBackend.Open(Path.Combine(_directory.Path, "disk.img"), readOnly: false).Dispose();
    }
}
