using System;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>One boot that is passed on, by files, from engine to engine and from one choice of interrupt controllers to another.</summary>
[Collection(KvmBedCollection.Name)]
[Trait("Category", "Boot")]
public sealed partial class KvmSnapshotTests
{
    // Each stage is a process of its own that restores what the one before it has saved. Its time is the machine's, without the program's start. The last one
    // goes on to the guest's power-off.
    private const string Harness = """
        cd /tmp
        stage() {
            time=$1; shift
            /opt/sosia/sosia run $machine --cpu x86-64-v3 --memory 64M --paravirt kvm --append 'console=ttyS0 sosia.quit' $restore --save state --timeout "$time" "$@" < /dev/null >> out 2> err
            status=$?
            restore='--restore state'
            echo "stage $* $status"
            [ $status -eq 124 ] || [ "$time" = 200s ] || cat err
        }
        """;

    [KvmBedTheory]
    [InlineData("--machine pc", "300ms --engine kvm --kvm-irqchip on", "600ms --engine interpreter", "200ms --engine kvm --kvm-irqchip split", "400ms --engine recompiler",
        "150ms --engine kvm --kvm-irqchip off", "400ms --engine interpreter", "200s --engine kvm --kvm-irqchip on")]
    [InlineData("--machine microvm --cpus 2", "300ms --engine kvm --kvm-irqchip split", "700ms --engine recompiler", "200ms --engine kvm --kvm-irqchip off", "500ms --engine interpreter",
        "200s --engine kvm --kvm-irqchip split")]
    public void A_boot_that_is_saved_and_restored_between_KVM_and_the_other_engines_writes_what_an_undisturbed_one_writes(string machine, params string[] stages)
    {
        string script = $"{Harness}\nmachine='{machine}'\n{string.Concat(stages.Select(static s => $"stage {s}\n"))}cat out; echo; echo BOUNDARY\nrm out; restore=\nstage 200s --engine kvm; cat out";
        (int status, string output) = KvmTestBed.Run(script, (KvmEngineTests.ProgramFolder, KvmEngineTests.Folder));
        Assert.True(status == 0, output);
        foreach (string stage in stages[..^1])
        {
            Assert.Contains($"stage {stage[(stage.IndexOf(' ', StringComparison.Ordinal) + 1)..]} 124\n", output, StringComparison.Ordinal);
        }

        string[] parts = output.Split("BOUNDARY\n");
        Assert.Equal(2, parts.Length);
        Assert.Contains($"stage {stages[^1]["200s ".Length..]} 0\n", parts[0], StringComparison.Ordinal);
        Assert.Contains("stage --engine kvm 0\n", parts[1], StringComparison.Ordinal);
        Assert.Equal(Lines(parts[1]), Lines(parts[0]));
        // The guest's clock went on where it stood, on every way from engine to engine.
        double[] times = [.. parts[0].Split('\n').Select(static l => Time().Match(l)).Where(static m => m.Success).Select(static m => double.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture))];
        Assert.Equal(times.Order(), times);
        Assert.DoesNotContain("skew is too large", parts[0], StringComparison.Ordinal);
    }

    [KvmBedFact]
    public void A_guest_that_uses_what_the_hosts_KVM_lacks_is_refused_with_the_features_name()
    {
        string script = $"{Harness}\nmachine='--machine microvm'\nstage 1500ms --engine interpreter\nstage 1s --engine kvm\n";
        (int status, string output) = KvmTestBed.Run(script, (KvmEngineTests.ProgramFolder, KvmEngineTests.Folder));
        Assert.True(status == 0, output);
        Assert.Matches(@"stage --engine kvm 4\n(.*\n)*sosia: The host's KVM refuses the guest's state: the guest was started with processor features that this KVM lacks \(.*smap.*\); choose another --engine\.", output);
    }

    // What the guest measures is different in every run: times, rates and what follows from them.
    private static string[] Lines(string console)
        => [.. console.Split('\n').Select(static l => Numbers().Replace(Time().Replace(l, string.Empty), "#").Trim()).Where(static l => l.Length != 0 && !l.StartsWith("stage ", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"^\[ *([0-9]+\.[0-9]+)\] ")]
    private static partial Regex Time();

    [GeneratedRegex("(0x)?[0-9][0-9a-fA-F]*")]
    private static partial Regex Numbers();
}
