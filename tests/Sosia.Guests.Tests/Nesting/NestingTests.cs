using System;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Sosia.Control;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Guests.Tests.Nesting;

/// <summary>
/// Popek and Goldberg's theorem 2 tried out: the published program runs in a guest of itself, and what its guest writes is what
/// the same guest writes when the program runs on the host.
/// </summary>
[Trait("Category", "Boot")]
public sealed partial class NestingTests : IDisposable
{
    private const string Kernel = "tiny.bin";
    private const string Script = "nested.sh";
    private const string Begin = "nested sosia begins\n";

    // Its standard output is the outer console, which the terminal leaves as it is meanwhile.
    private static readonly byte[] _script = Encoding.ASCII.GetBytes(
        $"""
        cd /tmp
        stty -opost
        printf '{Begin.Replace("\n", "\\n", StringComparison.Ordinal)}'
        /sosia/sosia "$@" < /dev/null 2> /tmp/errors
        printf 'nested sosia ended: %d\n' $?
        stty opost
        cat /tmp/errors
        """ + "\n");

    private static readonly string[] _engines = ["interpreter", "recompiler"];

    private readonly NestedDisk _disk = new((Kernel, TinyKernel.Image), (Script, _script));

    public void Dispose() => _disk.Dispose();

    [NestingFact]
    public void Sosia_runs_a_guest_inside_a_guest_of_Sosia()
    {
        using VirtualMachine vm = Boot("recompiler", ClockMode.Fast);
        foreach (string engine in _engines)
        {
            string[] arguments =
            [
                "run", "--engine", engine, "--clock", "deterministic", "--memory", "64M", "--append", "console=ttyS0 sosia.run=\"uname -a; cat /proc/uptime\" sosia.quit",
            ];
            (int status, string expected, string errors) = HostProgram.RunAny(NestedDisk.Program, arguments);
            Assert.True(status == 0, errors);
            Assert.Contains("reboot: Power down", expected, StringComparison.Ordinal);

            Assert.Equal((0, expected), RunNested(vm, arguments));
        }
    }

    [NestingFact]
    public void A_nested_Sosia_has_the_same_history_instruction_for_instruction_under_either_outer_engine()
    {
        long[] retired = [.. _engines.Select(RunTinyKernels)];
        Assert.Equal(retired[0], retired[1]);
    }

    // Both inner engines run the smallest guest; how many instructions it all took.
    private long RunTinyKernels(string outerEngine)
    {
        using VirtualMachine vm = Boot(outerEngine, ClockMode.Deterministic);
        foreach (string engine in _engines)
        {
            string[] arguments = ["run", "--engine", engine, "--clock", "deterministic", "--memory", "4M", "--load-address", TinyKernel.LoadAddress, "--debug-exit", TinyKernel.ExitPort];
            (int status, string expected, _) = HostProgram.RunAny(NestedDisk.Program, [.. arguments, "--kernel", _disk.HostPath(Kernel)]);
            Assert.Equal((TinyKernel.ExitStatus, TinyKernel.Line), (status, expected));

            Assert.Equal((status, expected), RunNested(vm, [.. arguments, "--kernel", $"/mnt/{Kernel}"]));
        }

        vm.Console.Send("poweroff\n");
        Assert.Equal(0, vm.Run(EmbeddedGuest.Patience).ExitStatus);
        return vm.GetStats().InstructionsRetired;
    }

    // The program is made for processors with AVX2, as the host's is.
    private VirtualMachine Boot(string engine, ClockMode clock)
    {
        var vm = VirtualMachine.Create(EmbeddedGuest.Options(clock, "quiet", $"file={_disk.Image},format=raw,if=virtio,readonly") with
        {
            Engine = engine,
            CpuModel = "x86-64-v3",
            MemoryByteCount = 512UL << 20,
        });
        vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
        EmbeddedGuest.Command(vm, "mount -o ro /dev/vda /mnt && for d in lib lib64 usr sosia; do [ ! -d /mnt/$d ] || ln -s /mnt/$d /$d; done");
        return vm;
    }

    // Types the command, and takes from the outer console what the inner machine wrote there.
    private static (int Status, string Console) RunNested(VirtualMachine vm, string[] arguments)
    {
        vm.Console.Send($"sh /mnt/{Script} {string.Join(' ', arguments.Select(static argument => $"'{argument}'"))}\n");
        vm.Console.Expect(Begin, EmbeddedGuest.Patience);
        string seen = vm.Console.Expect(Ended(), EmbeddedGuest.Patience);
        string errors = vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
        Match end = Ended().Match(seen);
        int status = int.Parse(end.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        Assert.True(status is 0 or TinyKernel.ExitStatus, $"The nested program ended with status {status}: {errors}");
        return (status, seen[..end.Index]);
    }

    [GeneratedRegex("nested sosia ended: ([0-9]+)\n")]
    private static partial Regex Ended();
}
