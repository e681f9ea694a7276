using System;
using System.IO;
using System.IO.Compression;
using System.Text;
using Sosia.Control;
using Sosia.Core;
using Sosia.Devices.Block;
using Xunit;

namespace Sosia.Machines.Tests.Boot;

/// <summary>Whatever is wrong is said in one sentence that names the file or value and says what to do.</summary>
public sealed class BadInputTests : IDisposable
{
    private static readonly byte[] Spin = [0xeb, 0xfe];

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    public static TheoryData<string, string> BadKernels => new()
    {
        { "missing", "does not exist" },
        { "directory", "is a directory" },
        { "empty", "is empty" },
        { "text", "looks like a text file" },
        { "cpio", "looks like a cpio archive" },
        { "noise", "is of no known kind" },
        { "arm", "is an ELF file for 64-bit Arm" },
        { "elf-without-note", "without a PVH entry note" },
        { "elf-truncated", "truncated ELF file" },
        { "bzimage-truncated", "is truncated" },
        { "bzimage-old", "speaks boot protocol 2.00" },
        { "gzip-truncated", "its gzip data does not end well" },
        { "multiboot-feature", "requires features that are not implemented" },
    };

    [Theory]
    [MemberData(nameof(BadKernels))]
    public void A_bad_kernel_is_explained(string kind, string expected)
    {
        byte[] bzImage = KernelImages.BzImage(Spin, Spin);
        byte[] elf = KernelImages.Elf(Spin, true, true);
        string path = kind switch
        {
            "missing" => _files.Path("missing"),
            "directory" => Directory.CreateDirectory(_files.Path("directory")).FullName,
            "empty" => _files.Write(kind, []),
            "text" => _files.Write(kind, Encoding.ASCII.GetBytes("hello, this is text\n")),
            "cpio" => _files.Write(kind, Encoding.ASCII.GetBytes("070701" + new string('0', 200))),
            "noise" => _files.Write(kind, Noise()),
            "arm" => _files.Write(kind, KernelImages.Elf(Spin, true, true, machine: 183)),
            "elf-without-note" => _files.Write(kind, KernelImages.Elf(Spin, true, hasNote: false)),
            "elf-truncated" => _files.Write(kind, elf[..^1]),
            "bzimage-truncated" => _files.Write(kind, bzImage[..^16]),
            "bzimage-old" => _files.Write(kind, Old(bzImage)),
            "gzip-truncated" => _files.Write(kind, Gzip(elf)[..^9]),
            _ => _files.Write(kind, KernelImages.Multiboot(Spin, flags: (1 << 16) | (1 << 3))),
        };
        AssertRefused(new MachineOptions { Kernel = path }, path, expected);
    }

    [Theory]
    [InlineData("missing", "does not exist")]
    [InlineData("empty", "is empty")]
    [InlineData("kernel", "looks like a Linux kernel")]
    [InlineData("text", "looks like a text file")]
    [InlineData("gzip-truncated", "is truncated or damaged")]
    public void A_bad_initrd_is_explained(string kind, string expected)
    {
        byte[] kernel = KernelImages.BzImage(Spin, Spin);
        string path = kind switch
        {
            "missing" => _files.Path("missing"),
            "empty" => _files.Write("initrd", []),
            "kernel" => _files.Write("initrd", kernel),
            "text" => _files.Write("initrd", Encoding.ASCII.GetBytes("not an initrd\n")),
            _ => _files.Write("initrd", Gzip(Noise())[..^20]),
        };
        AssertRefused(new MachineOptions { Kernel = _files.Write("kernel", kernel), Initrd = path }, path, expected);
    }

    [Fact]
    public void No_kernel_at_all_is_explained() => AssertRefused(new MachineOptions(), "No kernel is given", "--kernel");

    [Fact]
    public void Memory_too_small_for_the_kernel_says_how_much_it_needs()
        => AssertRefused(
            new MachineOptions { Kernel = _files.Write("kernel", KernelImages.BzImage(Spin, Spin)), MemoryByteCount = 4 << 20 }, "needs 5 MiB", "--memory 5M");

    [Fact]
    public void Memory_too_small_for_kernel_and_initrd_says_how_much_they_need()
    {
        byte[] initrd = new byte[6 << 20];
        Encoding.ASCII.GetBytes("070701").CopyTo(initrd, 0);
        AssertRefused(
            new MachineOptions
            {
                Kernel = _files.Write("kernel", KernelImages.BzImage(Spin, Spin)),
                Initrd = _files.Write("initrd", initrd),
                MemoryByteCount = 8 << 20,
            },
            "need 11 MiB",
            "--memory 11M");
    }

    [Fact]
    public void A_command_line_longer_than_the_kernel_takes_is_explained()
        => AssertRefused(
            new MachineOptions { Kernel = _files.Write("kernel", KernelImages.BzImage(Spin, Spin)), Append = new string('x', 256) }, "256 bytes", "at most 255");

    [Theory]
    [InlineData(0ul, "positive multiple of 4096")]
    [InlineData(4097ul, "positive multiple of 4096")]
    [InlineData(4096ul, "too small for machine 'pc'")]
    [InlineData(1ul << 50, "more than this host's")]
    public void An_impossible_memory_size_is_explained(ulong byteCount, string expected)
        => AssertRefused(new MachineOptions { Kernel = "k", MemoryByteCount = byteCount }, expected, "--memory");

    [Fact]
    public void Memory_beyond_the_hosts_is_a_failure_of_the_host()
        => Assert.Equal(
            FailureKind.Host,
            Assert.Throws<SosiaException>(() => VirtualMachine.Create(new MachineOptions { Kernel = "k", MemoryByteCount = 1UL << 50 })).Kind);

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void An_impossible_number_of_processors_is_explained(int count)
        => AssertRefused(new MachineOptions { Kernel = "k", CpuCount = count }, $"with {count} processors is impossible", "--cpus 1 to 8");

    [Fact]
    public void An_unknown_machine_is_answered_with_the_known_ones()
        => AssertRefused(new MachineOptions { Machine = "vax" }, "no machine 'vax'", "pc, microvm");

    [Fact]
    public void An_unknown_engine_is_answered_with_the_known_ones()
        => AssertRefused(new MachineOptions { Engine = "steam" }, "no engine 'steam'", "auto, kvm, recompiler, interpreter");

    [Fact]
    public void A_debug_exit_port_that_is_taken_is_explained()
        => AssertRefused(new MachineOptions { Kernel = _files.Write("k", Spin), LoadAddress = 0x7c00, DebugExitPort = 0x3f8 }, "0x3f8", "--debug-exit");

    [Fact]
    public void A_flat_binary_outside_RAM_is_explained()
        => AssertRefused(new MachineOptions { Kernel = _files.Write("k", Spin), LoadAddress = 0xd000_0000 }, "0xd0000000", "--load-address");

    [Fact]
    public void A_real_mode_start_above_1_MiB_is_explained()
        => AssertRefused(
            new MachineOptions { Kernel = _files.Write("k", Spin), LoadAddress = 0x10_0000, FlatEntry = FlatEntry.Real }, "cannot begin in real mode", "--load-address");

    [Fact]
    public void A_disk_that_is_opened_before_a_bad_one_is_free_again_afterwards()
    {
        string disk = _files.Write("disk", new byte[1 << 20]);
        string kernel = _files.Write("k", Spin);
        AssertRefused(
            new MachineOptions { Kernel = kernel, LoadAddress = 0x7c00, Drives = [new DriveOptions(disk), new DriveOptions(_files.Path("none"))] }, "none", "check the path");
        using VirtualMachine vm = VirtualMachine.Create(new MachineOptions { Kernel = kernel, LoadAddress = 0x7c00, Drives = [new DriveOptions(disk)] });
        AssertRefused(new MachineOptions { Kernel = kernel, LoadAddress = 0x7c00, Drives = [new DriveOptions(disk)] }, "in use by another virtual machine", disk);
    }

    private static void AssertRefused(MachineOptions options, params string[] expected)
    {
        SosiaException error = Assert.Throws<SosiaException>(() => VirtualMachine.Create(options));
        foreach (string text in expected)
        {
            Assert.Contains(text, error.Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain('\n', error.Message);
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Old(byte[] bzImage)
    {
        bzImage[0x206] = 0;
        return bzImage;
    }

    private static byte[] Noise()
    {
        byte[] bytes = new byte[3000];
        new Random(1).NextBytes(bytes);
        bytes[0] = 0x99;
        return bytes;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }
}
