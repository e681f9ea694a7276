using System;
using System.IO;
using System.Runtime.Versioning;
using Sosia.Core;
using Sosia.Images.Raw;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Raw;

public sealed class RawFileBackendTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Reads_and_writes_reach_the_file()
    {
        string path = _directory.CreateImage(8192);
        using (RawFileBackend disk = RawFileBackend.Open(path, readOnly: false))
        {
            Assert.Equal(8192UL, disk.ByteCount);
            byte[] sector = new byte[512];
            Assert.Equal(BlockResult.Ok, disk.Read(512, sector));
            Assert.Equal(TemporaryDirectory.PatternByte(512), sector[0]);
            sector.AsSpan().Fill(0xee);
            Assert.Equal(BlockResult.Ok, disk.Write(1024, sector));
            Assert.Equal(BlockResult.Ok, disk.Flush());
        }

        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(8192, bytes.Length);
        Assert.Equal(TemporaryDirectory.PatternByte(1023), bytes[1023]);
        Assert.All(bytes[1024..1536], b => Assert.Equal(0xee, b));
        Assert.Equal(TemporaryDirectory.PatternByte(1536), bytes[1536]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Zeroed_and_discarded_ranges_read_as_zeros_and_keep_the_size(bool mayUnmap)
    {
        string path = _directory.CreateImage(65536);
        using (RawFileBackend disk = RawFileBackend.Open(path, readOnly: false))
        {
            Assert.Equal(BlockResult.Ok, disk.WriteZeroes(512, 32768, mayUnmap));
            Assert.Equal(BlockResult.Ok, disk.Discard(61440, 4096));
            Assert.Equal(BlockResult.OutOfRange, disk.Discard(61440, 4608));
            Assert.Equal(BlockResult.OutOfRange, disk.WriteZeroes(ulong.MaxValue - 511, 512, mayUnmap));
        }

        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(65536, bytes.Length);
        Assert.Equal(TemporaryDirectory.PatternByte(511), bytes[511]);
        Assert.All(bytes[512..33280], b => Assert.Equal(0, b));
        Assert.Equal(TemporaryDirectory.PatternByte(33280), bytes[33280]);
    }

    [Fact]
    public void A_read_only_disk_takes_no_writes()
    {
        using RawFileBackend disk = RawFileBackend.Open(_directory.CreateImage(4096), readOnly: true);
        Assert.True(disk.IsReadOnly);
        Assert.Equal(BlockResult.ReadOnly, disk.Write(0, new byte[512]));
        Assert.Equal(BlockResult.ReadOnly, disk.WriteZeroes(0, 512, true));
        Assert.Equal(BlockResult.ReadOnly, disk.Discard(0, 512));
    }

    [Fact]
    public void A_file_that_shrinks_gives_read_errors()
    {
        string path = _directory.CreateImage(8192);
        using RawFileBackend disk = RawFileBackend.Open(path, readOnly: false);
        // Locks are advisory: this is what a careless user can do.
        using (var process = System.Diagnostics.Process.Start("truncate", ["--size=1024", path]))
        {
            process.WaitForExit();
        }

        Assert.Equal(BlockResult.Ok, disk.Read(512, new byte[512]));
        Assert.Equal(BlockResult.Truncated, disk.Read(1024, new byte[512]));
        Assert.Equal(BlockResult.Truncated, disk.Read(512, new byte[1024]));
    }

    [Fact]
    public void A_writable_disk_is_locked_against_everybody_else()
    {
        string path = _directory.CreateImage(4096);
        using (RawFileBackend.Open(path, readOnly: false))
        {
            AssertRefused(path, readOnly: false, "in use by another virtual machine");
            AssertRefused(path, readOnly: true, "in use by another virtual machine");
        }

        RawFileBackend.Open(path, readOnly: false).Dispose();
    }

    [Fact]
    public void Read_only_users_share_a_disk_but_not_with_a_writer()
    {
        string path = _directory.CreateImage(4096);
        using RawFileBackend first = RawFileBackend.Open(path, readOnly: true);
        using RawFileBackend second = RawFileBackend.Open(path, readOnly: true);
        AssertRefused(path, readOnly: false, "in use by another virtual machine");
    }

    [Fact]
    public void Another_process_that_holds_the_lock_is_noticed()
    {
        string path = _directory.CreateImage(4096);
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("flock", ["--exclusive", path, "cat"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;

        // cat echoes the line only after flock holds the lock.
        process.StandardInput.WriteLine("ready");
        process.StandardInput.Flush();
        Assert.Equal("ready", process.StandardOutput.ReadLine());
        AssertRefused(path, readOnly: false, "in use by another virtual machine");
        process.StandardInput.Close();
        process.WaitForExit();
        RawFileBackend.Open(path, readOnly: false).Dispose();
    }

    [Fact]
    public void What_is_no_disk_image_is_refused_in_one_sentence()
    {
        AssertRefused(Path.Combine(_directory.Path, "missing.img"), false, "does not exist");
        AssertRefused(Path.Combine(_directory.Path, "missing.img", "below"), false, "does not exist");
        AssertRefused(_directory.Path, false, "is a directory");
        AssertRefused(_directory.Path, true, "is a directory");
        AssertRefused("/dev/null", false, "neither a regular file nor a block device");
        AssertRefused(_directory.CreateImage(0, "empty.img"), false, "is empty");
        AssertRefused(_directory.CreateImage(1000, "odd.img"), false, "has 1000 bytes, which is not a multiple of 512");
    }

    [Fact]
    public void A_pipe_is_refused_without_waiting_for_its_other_end()
    {
        string path = Path.Combine(_directory.Path, "pipe");
        using (var process = System.Diagnostics.Process.Start("mkfifo", [path]))
        {
            process.WaitForExit();
        }

        AssertRefused(path, true, "neither a regular file nor a block device");
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public void An_image_without_permission_is_refused_with_the_reason()
    {
        string path = _directory.CreateImage(4096);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        if (Environment.IsPrivilegedProcess)
        {
            // The administrator may write everything; only a read-only file system would stop him.
            RawFileBackend.Open(path, readOnly: false).Dispose();
            return;
        }

        AssertRefused(path, false, "cannot be written (Permission denied)");
        File.SetUnixFileMode(path, UnixFileMode.None);
        AssertRefused(path, true, "cannot be read (Permission denied)");
    }

    private static void AssertRefused(string path, bool readOnly, string part)
    {
        SosiaException error = Assert.Throws<SosiaException>(() => RawFileBackend.Open(path, readOnly));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(FailureKind.Configuration, error.Kind);
    }
}
