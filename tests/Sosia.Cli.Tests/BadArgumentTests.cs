using System;
using System.IO;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>What is wrong with the arguments is said in one line, with the right status.</summary>
public sealed class BadArgumentTests : IDisposable
{
    private static readonly string EmbeddedKernel = Path.Combine(Repository.Guests, "linux-x86_64", "images", "bzImage");
    private static readonly string EmbeddedInitrd = Path.Combine(Repository.Guests, "linux-x86_64", "images", "initrd");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "command is missing")]
    [InlineData("fly", "'fly'")]
    [InlineData("guests", "command is missing")]
    [InlineData("guests steal", "'steal'")]
    [InlineData("guests fetch", "NAME")]
    [InlineData("guests fetch nobody", "no guest 'nobody'")]
    [InlineData("guests fetch ../guests/debian", "no guest")]
    [InlineData("guests fetch linux-x86_64", "needs no fetching")]
    [InlineData("disk create", "disk create --help")]
    [InlineData("completion fish", "'fish'")]
    [InlineData("compare", "one of --lockstep, --timing and --properties")]
    [InlineData("compare --lockstep --timing", "one of --lockstep, --timing and --properties")]
    [InlineData("compare --properties --timing", "one of --lockstep, --timing and --properties")]
    [InlineData("compare --properties --every 5", "--every belongs to --lockstep")]
    [InlineData("compare --lockstep --html x", "--html belongs to --properties")]
    [InlineData("compare --timing --instructions 5", "--instructions belongs to --lockstep and --properties")]
    [InlineData("compare --properties --html /nonexistent/x", "'/nonexistent/x'")]
    [InlineData("compare --properties --json /", "is a directory")]
    [InlineData("compare --properties --engines steam", "no engine 'steam'")]
    [InlineData("compare --properties --cpus 2", "--cpus 1")]
    [InlineData("classify", "name x86-32 or x86-64")]
    [InlineData("classify arm", "no ISA 'arm' to classify; there are x86-32 and x86-64")]
    [InlineData("classify x86-32 --seed early", "'early' of --seed")]
    [InlineData("classify x86-32 --states 0", "'0' of --states")]
    [InlineData("classify x86-32 --json - --svg -", "Standard output can take one report")]
    [InlineData("classify x86-32 --svg /nowhere/classes.svg", "directory of the file '/nowhere/classes.svg' of --svg does not exist")]
    [InlineData("compare --timing --every 5", "--every belongs to --lockstep")]
    [InlineData("run --sound ac97", "names no file")]
    [InlineData("run --sound wav=x.wav", "names no device")]
    [InlineData("run --sound gus,wav=x.wav", "sound device 'gus'")]
    [InlineData("run --sound sb16,sb16,wav=x.wav", "'sb16' twice")]
    [InlineData("run --sound sb16,wav=/nowhere/x.wav", "'/nowhere/x.wav' of --sound")]
    [InlineData("run --machine microvm --sound ac97,wav=x.wav", "no sound devices")]
    [InlineData("run --usb xhci", "'xhci' is not implemented")]
    [InlineData("run --usb-device stick", "USB device 'stick'")]
    [InlineData("run --usb-device kbd --usb-device kbd", "'kbd' only")]
    [InlineData("run --usb-device storage,format=raw", "names no file")]
    [InlineData("run --switch-engines maybe", "'maybe'")]
    [InlineData("run --switch-engines 1 --engine recompiler", "leave --engine out")]
    [InlineData("compare --lockstep --switch-engines 1 --engines interpreter,recompiler", "two engines")]
    [InlineData("run --jit-cache-size 512K", "'512K' of --jit-cache-size")]
    [InlineData("run --jit-cache-size 3G", "'3G' of --jit-cache-size")]
    [InlineData("run --jit-cache-size much", "'much' of --jit-cache-size")]
    [InlineData("run --log out", "'out'")]
    [InlineData("run --log filter=1..2", "names nothing to write")]
    [InlineData("run --log ir,filter=2..1", "'2..1'")]
    [InlineData("run --log ir,filter=x..y", "'x..y'")]
    [InlineData("run --log-file f", "give --log too")]
    [InlineData("run --engine recompiler --log ir --log-file /nonexistent/log", "'/nonexistent/log'")]
    [InlineData("run --engine interpreter --log ir", "'interpreter' makes no translations")]
    [InlineData("run --engine interpreter --perf-map", "'interpreter' makes no translations")]
    [InlineData("compare --lockstep --engines interpreter", "two engines")]
    [InlineData("compare --lockstep --engines interpreter,steam", "no engine 'steam'")]
    [InlineData("compare --lockstep --every 0", "'0'")]
    [InlineData("compare --lockstep --instructions many", "'many'")]
    [InlineData("compare --lockstep --guest nobody", "no guest 'nobody'")]
    [InlineData("run --fly", "'--fly'")]
    [InlineData("run -m 512M", "'-m'")]
    [InlineData("run stray", "'stray'")]
    [InlineData("run --memory", "--memory")]
    [InlineData("run --memory 1G --memory 2G", "--memory is given twice")]
    [InlineData("run --machine vax", "no machine 'vax'")]
    [InlineData("run --engine steam", "no engine 'steam'")]
    [InlineData("run --engine direct", "'direct' is not implemented yet")]
    [InlineData("run --guest nobody", "no guest 'nobody'")]
    [InlineData("run --memory much", "'much'")]
    [InlineData("run --memory -1", "'-1'")]
    [InlineData("run --memory 0", "not a positive multiple")]
    [InlineData("run --memory 3K", "not a positive multiple")]
    [InlineData("run --memory 1M", "too small")]
    [InlineData("run --memory 4M", "--memory")]
    [InlineData("run --memory 99999999999999999999", "'99999999999999999999'")]
    [InlineData("run --cpus 0", "'0'")]
    [InlineData("run --cpus two", "'two'")]
    [InlineData("run --cpus 9", "--cpus 1 to 8")]
    [InlineData("run --clock sundial", "'sundial'")]
    [InlineData("run --timeout soon", "'soon'")]
    [InlineData("run --timeout 0", "'0'")]
    [InlineData("run --debug-exit 0x10000", "'0x10000'")]
    [InlineData("run --debug-exit 0x3f8", "not free")]
    [InlineData("run --serial usb", "'usb'")]
    [InlineData("run --serial file:", "'file:'")]
    [InlineData("run --serial tcp:127.0.0.1:5555", "not implemented yet")]
    [InlineData("run --serial stdio --serial stdio", "stdio")]
    [InlineData("run --serial file:/nonexistent/log", "'/nonexistent/log'")]
    [InlineData("run --display gtk", "'gtk'")]
    [InlineData("run --display vnc=0.0.0.0:5900", "needs a password")]
    [InlineData("run --display terminal --serial stdio", "cannot be both")]
    [InlineData("run --display terminal --vga none", "no screen")]
    [InlineData("run --machine microvm --screenshot x.png", "no screen")]
    [InlineData("run --vga voodoo", "'voodoo'")]
    [InlineData("screenshot --vnc nowhere x.png", "'nowhere'")]
    [InlineData("screenshot --vnc 127.0.0.1:1 x.png", "cannot be reached")]
    [InlineData("run --net bridge", "The network 'bridge'")]
    [InlineData("run --net user,hostfwd=tcp::99999-:22", "'tcp::99999-:22'")]
    [InlineData("run --gdb 127.0.0.1:1234", "--gdb is not implemented yet")]
    [InlineData("run --stats /nonexistent/stats.json", "'/nonexistent/stats.json'")]
    [InlineData("run --stats /", "is a directory")]
    [InlineData("run --trace thoughts", "'thoughts'")]
    [InlineData("run --trace file=x", "nothing to trace")]
    [InlineData("run --trace int,file=/nonexistent/trace", "'/nonexistent/trace'")]
    [InlineData("run --drive /nonexistent", "unknown key")]
    [InlineData("run --drive file=/nonexistent/disk", "'/nonexistent/disk'")]
    [InlineData("run --drive format=raw", "names no file")]
    [InlineData("run --drive file=d,format=qcow1", "'qcow1' is unknown")]
    [InlineData("run --drive file=d,if=scsi", "'scsi' is not implemented")]
    [InlineData("run --drive file=d,if=teleport", "'teleport' is unknown")]
    [InlineData("run --drive file=d,raedonly", "'raedonly'")]
    [InlineData("run --kernel /nonexistent/kernel", "does not exist")]
    [InlineData("run --kernel /", "is a directory")]
    [InlineData("run --kernel /dev/null", "/dev/null")]
    [InlineData("run --initrd /nonexistent/initrd", "does not exist")]
    [InlineData("run --load-address high", "'high'")]
    public void A_mistake_is_one_sentence_and_status_2(string arguments, string part)
        => CheckRefusal(2, part, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [Theory]
    [InlineData(null, "SOSIA_REPOSITORY")]
    [InlineData("", "SOSIA_REPOSITORY")]
    [InlineData("/nonexistent", "/nonexistent/guests")]
    public void Guests_are_built_only_in_the_repository(string? repository, string part)
        => CheckRefusal(2, part, ProgramRun.RunIn(repository, "guests", "build", "debian"));

    [Fact]
    public void A_guest_that_is_fetched_is_not_built()
        => CheckRefusal(2, "guests fetch debian", ProgramRun.RunIn(Repository.Root, "guests", "build", "debian"));

    [Fact]
    public void More_memory_than_the_host_has_is_status_4()
        => CheckRefusal(4, "--memory", "run", "--memory", "4096T");

    [Fact]
    public void An_empty_kernel_is_refused() => CheckRefusal(2, "is empty", "run", "--kernel", _folder.Write("empty", []));

    [Theory]
    [InlineData(100)]
    [InlineData(1000)]
    [InlineData(100_000)]
    [InlineData(3_000_000)]
    public void A_truncated_kernel_is_refused(int byteCount)
        => CheckRefusal(2, "'" + _folder.PathOf("kernel") + "'", "run", "--kernel", _folder.Write("kernel", File.ReadAllBytes(EmbeddedKernel).AsSpan(0, byteCount)));

    [Fact]
    public void A_truncated_compressed_kernel_is_refused()
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Repository.Guests, "linux-x86_64", "images", "vmlinux.gz"));
        CheckRefusal(2, "truncated", "run", "--machine", "microvm", "--kernel", _folder.Write("kernel", whole.AsSpan(0, whole.Length / 2)));
    }

    [Fact]
    public void A_kernel_that_is_a_text_is_refused() => CheckRefusal(2, "looks like a script", "run", "--kernel", _folder.Write("kernel", "#!/bin/sh\necho no kernel\n"u8));

    [Fact]
    public void A_kernel_that_is_a_program_is_refused() => CheckRefusal(2, "PVH", "run", "--kernel", Path.GetFullPath("/bin/sh"));

    [Fact]
    public void An_empty_initrd_is_refused() => CheckRefusal(2, "is empty", "run", "--initrd", _folder.Write("initrd", []));

    [Fact]
    public void An_initrd_that_is_a_kernel_is_refused() => CheckRefusal(2, "initrd", "run", "--initrd", EmbeddedKernel);

    [Fact]
    public void A_truncated_compressed_initrd_is_refused()
    {
        using var packed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(File.ReadAllBytes(EmbeddedInitrd));
        }

        CheckRefusal(2, "truncated", "run", "--initrd", _folder.Write("initrd", packed.ToArray().AsSpan(0, (int)packed.Length / 2)));
    }

    [Fact]
    public void An_initrd_that_memory_does_not_hold_is_refused()
        => CheckRefusal(2, "--memory", "run", "--memory", "32M", "--initrd", _folder.Write("initrd", new byte[40 << 20]));

    [Fact]
    public void An_empty_disk_is_refused() => CheckRefusal(2, "is empty", "run", "--drive", "format=raw,file=" + _folder.Write("disk", []));

    [Fact]
    public void A_disk_of_a_broken_sector_is_refused() => CheckRefusal(2, "multiple", "run", "--drive", "format=raw,file=" + _folder.Write("disk", new byte[1000]));

    [Fact]
    public void A_disk_in_use_is_refused()
    {
        string disk = _folder.Write("disk", new byte[4096]);
        // .NET locks as the program does (flock).
        using var user = new FileStream(disk, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        CheckRefusal(2, "in use", "run", "--drive", $"file={disk},format=raw");
    }

    [FactUnlessRoot]
    public void Files_that_may_not_be_read_are_refused()
    {
        string file = _folder.Write("file", File.ReadAllBytes(EmbeddedKernel));
        File.SetUnixFileMode(file, UnixFileMode.None);
        CheckRefusal(2, "may not be read", "run", "--kernel", file);
        CheckRefusal(2, "may not be read", "run", "--initrd", file);
        CheckRefusal(2, file, "run", "--drive", $"file={file},format=raw");
    }

    private static void CheckRefusal(int status, string part, params string[] arguments)
        => CheckRefusal(status, part, ProgramRun.RunIn(Repository.Root, arguments));

    private static void CheckRefusal(int status, string part, ProgramResult result)
    {
        Assert.True(result.Status == status, result.ToString());
        Assert.True(result.ErrorLines.Length == 1 && result.ErrorLines[0].StartsWith("sosia: ", StringComparison.Ordinal), result.ToString());
        Assert.Contains(part, result.ErrorLines[0], StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData("run --bios /nowhere/rom", "The firmware '/nowhere/rom' cannot be read")]
    [InlineData("run --bios /etc/passwd", "a multiple of 4 KiB")]
    [InlineData("run --boot q", "has the order 'q'")]
    [InlineData("run --boot c,menu=perhaps", "'perhaps'")]
    [InlineData("run --bios-serial maybe", "say on or off")]
    [InlineData("run --fw-cfg nonsense", "name=NAME,file=F")]
    [InlineData("run --fw-cfg name=opt/a,file=/nowhere/item", "'/nowhere/item'")]
    [InlineData("run --machine microvm --bios seabios", "'microvm' has no firmware")]
    [InlineData("run --bios seabios --kernel /etc/passwd", "leave --bios out")]
    public void What_is_wrong_with_firmware_and_what_it_starts_is_named(string arguments, string expected)
        => CheckRefusal(2, expected, arguments.Split(' '));
}
