using System;
using System.IO;
using Sosia.Control;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Machines.Tests.Control;

/// <summary>A guest cannot tell that it was saved and restored, wherever its boot was interrupted.</summary>
public sealed class MidBootSnapshotTests
{
    private const string Prompt = "sosia:~# ";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    [Theory]
    [InlineData("pc", "bzImage", 1)]
    [InlineData("microvm", "vmlinux.gz", 1)]
    [InlineData("pc", "bzImage", 4)]
    public void Linux_saved_and_restored_at_ten_points_of_its_boot_writes_the_same_console_text(string machine, string kernel, int cpuCount)
    {
        using VirtualMachine reference = Create(machine, kernel, cpuCount);
        string expected = reference.Console.Expect(Prompt, Patience);
        long end = reference.Machine.RetiredInstructions;
        long[] points = new long[10];
        var random = new Random(1);
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = random.NextInt64(1, end);
        }

        Array.Sort(points);
        string text = string.Empty;
        VirtualMachine vm = Create(machine, kernel, cpuCount);
        try
        {
            foreach (long point in points)
            {
                // Idle until a timer counts as no instruction, so a step can end early only at the end of everything.
                Assert.Equal(StopReason.BudgetUsed, vm.Step(point - vm.Machine.RetiredInstructions).Reason);
                text += vm.Console.Transcript;
                using var snapshot = new MemoryStream();
                vm.Save(snapshot);
                vm.Dispose();
                vm = Create(machine, kernel, cpuCount);
                snapshot.Position = 0;
                vm.Restore(snapshot);
            }

            text += vm.Console.Expect(Prompt, Patience);
            Assert.Equal(expected, text);
            Assert.Equal(end, vm.Machine.RetiredInstructions);
            if (cpuCount > 1)
            {
                Assert.Contains($"smp: Brought up 1 node, {cpuCount} CPUs", text, StringComparison.Ordinal);
            }
        }
        finally
        {
            vm.Dispose();
        }
    }

    private static VirtualMachine Create(string machine, string kernel, int cpuCount) => VirtualMachine.Create(new MachineOptions
    {
        Machine = machine,
        CpuCount = cpuCount,
        MemoryByteCount = 64 << 20,
        Kernel = Repository.SmallLinux(kernel),
        Initrd = Repository.SmallLinux("initrd"),
        Append = "console=ttyS0",
        ClockMode = ClockMode.Deterministic,
    });
}
