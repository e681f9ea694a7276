using System;
using System.IO;
using Sosia.Control;
using Sosia.Core.Time;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>Memtest86+, which finds memory that does not keep what was written to it, whatever the pattern and the order.</summary>
public sealed class MemtestTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    /// <summary>
    /// All tests over 32 MB, up to the one that only waits for ten minutes in order to see whether memory forgets. The text on the way counts errors.
    /// </summary>
    [Theory]
    [InlineData("/boot/memtest86+x64.bin")]
    [InlineData("/boot/memtest86+ia32.bin")]
    [Trait("Category", "Slow")]
    public void Memtest_finds_no_errors_in_32_megabytes(string kernel)
    {
        if (!File.Exists(kernel))
        {
            output.WriteLine("SKIPPED: memtest86+ (package memtest86+) is not installed.");
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options() with
        {
            Bios = null,
            Kernel = kernel,
            Append = "console=ttyS0,115200",
            ClockMode = ClockMode.Deterministic,
        });
        string text = vm.Console.Expect("Bit fade test", Patience);
        Assert.Contains("Modulo 20, random pattern", text, StringComparison.Ordinal);
        Assert.Contains("Errors: 0", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("Errors: *[1-9]", text);
    }
}
