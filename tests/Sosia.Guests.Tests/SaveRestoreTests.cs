using System.IO;
using System.Text;
using Sosia.Control;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>A machine saved in mid-boot and restored into a fresh one goes on as if nothing had happened.</summary>
[Trait("Category", "Boot")]
public sealed class SaveRestoreTests
{
    [Fact]
    public void Saved_and_restored_at_ten_random_points_a_boot_prints_the_same_and_retires_as_many_instructions()
    {
        string expected;
        long total;
        using (var vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.Deterministic)))
        {
            vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
            expected = vm.Console.Transcript;
            total = vm.GetStats().InstructionsRetired;
        }

        var transcript = new StringBuilder();
        long retired = 0;
        byte[]? snapshot = null;
        foreach (long point in EmbeddedGuest.Points(seed: 7, count: 10, total))
        {
            using var vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.Deterministic));
            Restore(vm, snapshot);
            if (point > retired)
            {
                RunTo(vm, point);
                retired = point;
            }

            transcript.Append(vm.Console.Transcript);
            using var stream = new MemoryStream();
            vm.Save(stream);
            snapshot = stream.ToArray();
        }

        using (var vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.Deterministic)))
        {
            Restore(vm, snapshot);
            RunTo(vm, total);
            transcript.Append(vm.Console.Transcript);
        }

        Assert.Equal(expected, transcript.ToString());
    }

    [Fact]
    public void Two_deterministic_boots_have_the_same_history()
    {
        (string Transcript, long Retired) first = Boot();
        (string Transcript, long Retired) second = Boot();
        Assert.Equal(first, second);
    }

    private static (string Transcript, long Retired) Boot()
    {
        using var vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.Deterministic));
        vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
        return (vm.Console.Transcript, vm.GetStats().InstructionsRetired);
    }

    private static void Restore(VirtualMachine vm, byte[]? snapshot)
    {
        if (snapshot is not null)
        {
            using var stream = new MemoryStream(snapshot);
            vm.Restore(stream);
        }
    }

    // Idle time retires nothing: a step can end in it, and is then continued.
    private static void RunTo(VirtualMachine vm, long retired)
    {
        while (vm.GetStats().InstructionsRetired < retired)
        {
            RunResult result = vm.Step(retired - vm.GetStats().InstructionsRetired);
            Assert.False(result.HasEnded, result.ToString());
        }
    }
}
