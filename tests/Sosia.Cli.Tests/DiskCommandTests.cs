using System;
using System.IO;
using System.Text.Json;
using Xunit;

namespace Sosia.Cli.Tests;

public sealed class DiskCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_image_is_created_described_resized_checked_and_converted()
    {
        string image = _folder.PathOf("a.qcow2");
        Succeed("disk", "create", "-o", "cluster_size=4K,lazy_refcounts=on", image, "10M");
        using (JsonDocument info = JsonDocument.Parse(Succeed("disk", "info", "--json", image)))
        {
            Assert.Equal("qcow2", info.RootElement.GetProperty("format").GetString());
            Assert.Equal(10 << 20, info.RootElement.GetProperty("virtualBytes").GetInt32());
            Assert.Equal(4096, info.RootElement.GetProperty("clusterBytes").GetInt32());
        }

        Succeed("disk", "resize", image, "+2M");
        Assert.Contains("--shrink", Fail("disk", "resize", image, "1M"), StringComparison.Ordinal);
        using (JsonDocument check = JsonDocument.Parse(Succeed("disk", "check", "--json", image)))
        {
            Assert.Equal(0, check.RootElement.GetProperty("corruptions").GetInt32());
        }

        string raw = _folder.PathOf("a.img");
        Succeed("disk", "convert", image, raw);
        Assert.Equal(12 << 20, new FileInfo(raw).Length);
    }

    [Fact]
    public void An_existing_file_is_replaced_only_when_told_so()
    {
        string path = _folder.Write("precious.qcow2", "precious"u8);
        Assert.Contains("--force", Fail("disk", "create", path, "1M"), StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(path));
        Succeed("disk", "create", "--force", path, "1M");
        Assert.Contains("qcow2", Succeed("disk", "info", path), StringComparison.Ordinal);
    }

    [Fact]
    public void Snapshots_are_listed_applied_and_deleted()
    {
        string path = _folder.PathOf("s.qcow2");
        Succeed("disk", "create", path, "1M");
        Succeed("disk", "snapshot", "create", path, "before");
        Assert.Contains("before", Succeed("disk", "snapshot", "list", path), StringComparison.Ordinal);
        Succeed("disk", "snapshot", "apply", path, "before");
        Succeed("disk", "snapshot", "delete", path, "before");
        Assert.Contains("no snapshot 'before'", Fail("disk", "snapshot", "apply", path, "before"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_image_and_leaked_space_have_their_own_statuses()
    {
        string path = _folder.PathOf("d.qcow2");
        Succeed("disk", "create", path, "1M");
        byte[] bytes = File.ReadAllBytes(path);
        // The first refcount block is cluster 2: a count for cluster 9, which nothing uses.
        bytes[(2 * 65536) + (2 * 9) + 1] = 1;
        File.WriteAllBytes(path, bytes);
        Assert.Equal(3, ProgramRun.Run(string.Empty, "disk", "check", path).Status);
        Succeed("disk", "check", "--repair", path);
        // None for the header, which is used.
        bytes[(2 * 65536) + 1] = 0;
        File.WriteAllBytes(path, bytes);
        Assert.Equal(1, ProgramRun.Run(string.Empty, "disk", "check", path).Status);
        Assert.Contains("damaged", Fail("disk", "resize", path, "2M"), StringComparison.Ordinal);
    }

    private static string Succeed(params string[] arguments)
    {
        ProgramResult result = ProgramRun.Run(string.Empty, arguments);
        Assert.True(result.Status == 0, result.ToString());
        Assert.Empty(result.Errors);
        return result.Output;
    }

    private static string Fail(params string[] arguments)
    {
        ProgramResult result = ProgramRun.Run(string.Empty, arguments);
        Assert.True(result.Status == 2, result.ToString());
        return Assert.Single(result.ErrorLines);
    }
}
