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
    [InlineData("pc", "bzImage")]
    [InlineData("microvm", "vmlinux.gz")]
    public void Linux_saved_and_restored_at_ten_points_of_its_boot_writes_the_same_console_text(string machine, string kernel)
    {
        using VirtualMachine reference = Create(machine, kernel);
        string expected = reference.Console.Expect(Prompt, Patience);
        long end = reference.Machine.Cpus[0].RetiredInstructions;
        long[] points = new long[10];
        var random = new Random(1);
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = random.NextInt64(1, end);
        }

        Array.Sort(points);
        string text = string.Empty;
        VirtualMachine vm = Create(machine, kernel);
        try
        {
            foreach (long point in points)
            {
                // Idle until a timer counts as no instruction, so a step can end early only at the end of everything.
                Assert.Equal(StopReason.BudgetUsed, vm.Step(point - vm.Machine.Cpus[0].RetiredInstructions).Reason);
                text += vm.Console.Transcript;
                using var snapshot = new MemoryStream();
                vm.Save(snapshot);
                vm.Dispose();
                vm = Create(machine, kernel);
                snapshot.Position = 0;
                vm.Restore(snapshot);
            }

            text += vm.Console.Expect(Prompt, Patience);
            Assert.Equal(expected, text);
        }
        finally
        {
            vm.Dispose();
        }
    }

    private static VirtualMachine Create(string machine, string kernel) => VirtualMachine.Create(new MachineOptions
    {
        Machine = machine,
        MemoryByteCount = 64 << 20,
        Kernel = Repository.SmallLinux(kernel),
        Initrd = Repository.SmallLinux("initrd"),
        Append = "console=ttyS0",
        ClockMode = ClockMode.Deterministic,
    });
}
