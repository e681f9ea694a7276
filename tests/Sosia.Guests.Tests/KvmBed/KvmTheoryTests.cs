using System;
using System.Linq;
using System.Text.Json;
using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>What Popek and Goldberg ask, asked where there is a KVM: of the processor in both modes, and of the engine "kvm".</summary>
[Collection(KvmBedCollection.Name)]
[Trait("Category", "Boot")]
public sealed class KvmTheoryTests
{
    [KvmBedFact]
    public void The_processor_is_asked_in_both_modes_and_differs_from_the_table_nowhere_without_an_explanation()
    {
        JsonElement report = Report("classify --host --json -");
        Assert.Null(report.GetProperty("whyNoRing0").GetString());
        JsonElement[] user = [.. report.GetProperty("userMode").EnumerateArray()];
        JsonElement[] ring0 = [.. report.GetProperty("ring0").EnumerateArray()];
        Assert.Equal(user.Where(static f => f.GetProperty("codeBits").GetInt32() == 64).Select(Instruction), ring0.Select(Instruction));
        Assert.Empty(user.Concat(ring0).Where(static f => Agreement(f) == "Different").Select(static f => $"{Instruction(f)}: {f.GetProperty("silicon")} {f.GetProperty("table")}"));
        // KVM on AMD's processors emulates SYSENTER in long mode or gives up, and then nobody asked the processor.
        Assert.Empty(ring0.Where(static f => Agreement(f) == "Unknown").Select(Instruction).Except(["sysenter"]));
        Assert.Contains(user, static f => Instruction(f) == "hlt" && f.GetProperty("verdict").GetString() == "Traps");
        Assert.Contains(ring0, static f => Instruction(f) == "hlt" && f.GetProperty("silicon").GetProperty("end").GetString() == "Completed");
        Assert.Contains(ring0, static f => Instruction(f) == "cli" && Agreement(f) == "Same");
    }

    [KvmBedFact]
    public void The_three_properties_of_KVM_are_measured_and_its_equivalence_is_said_to_be_by_console()
    {
        JsonElement report = Report("compare --properties --engines kvm --guest linux-x86_64-microvm --cpu x86-64-v3 --timeout 100s --json /tmp/report > /dev/null; cat /tmp/report");
        JsonElement kvm = Assert.Single(report.GetProperty("engines").EnumerateArray());
        JsonElement equivalence = kvm.GetProperty("equivalence");
        Assert.Equal("Transcript", equivalence.GetProperty("method").GetString());
        Assert.True(equivalence.GetProperty("holds").GetBoolean(), equivalence.ToString());
        Assert.True(equivalence.GetProperty("lines").GetInt32() > 50);
        Assert.Empty(kvm.GetProperty("resourceControl").EnumerateArray().Where(static t => !t.GetProperty("passed").GetBoolean()).Select(static t => t.ToString()));
        JsonElement efficiency = kvm.GetProperty("efficiency");
        Assert.Equal(-1, efficiency.GetProperty("native").GetInt64());
        Assert.True(efficiency.GetProperty("exitsByCause").EnumerateObject().Sum(static e => e.Value.GetInt64()) > 0);
        Assert.All(efficiency.GetProperty("kernels").EnumerateArray(), static k => Assert.True(k.GetProperty("isSumEqual").GetBoolean()));
    }

    private static string? Instruction(JsonElement finding) => finding.GetProperty("instruction").GetString();

    private static string? Agreement(JsonElement finding) => finding.GetProperty("agreement").GetString();

    private static JsonElement Report(string arguments)
    {
        (int status, string output) = KvmTestBed.Run($"{KvmEngineTests.Folder}/sosia {arguments}", 2, (KvmEngineTests.ProgramFolder, KvmEngineTests.Folder));
        int begin = output.IndexOf("{\n", StringComparison.Ordinal);
        Assert.True(status == 0 && begin >= 0, output);
        return JsonDocument.Parse(output[begin..(output.LastIndexOf('}') + 1)]).RootElement.Clone();
    }
}
