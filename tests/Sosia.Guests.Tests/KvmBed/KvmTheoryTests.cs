using System;
using System.Linq;
using System.Text.Json;
using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>What Popek and Goldberg ask, asked where there is a KVM: of the processor, in both modes.</summary>
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
        // QEMU's TCG before 9.2 gives INT n's fault in long mode the error code of a 16-byte entry, and, as AMD's processors, knows SYSRET outside 64-bit mode.
        string[] peculiar = ["int 0x2e", "sysret"];
        Assert.Empty(user.Concat(ring0).Where(f => Agreement(f) == "Different" && !peculiar.Contains(Instruction(f))).Select(static f => $"{Instruction(f)}: {f.GetProperty("silicon")} {f.GetProperty("table")}"));
        // KVM on AMD's processors emulates SYSENTER in long mode or gives up, and then nobody asked the processor.
        Assert.Empty(ring0.Where(static f => Agreement(f) == "Unknown").Select(Instruction).Except(["sysenter"]));
        Assert.Contains(user, static f => Instruction(f) == "hlt" && f.GetProperty("verdict").GetString() == "Traps");
        Assert.Contains(ring0, static f => Instruction(f) == "hlt" && f.GetProperty("silicon").GetProperty("end").GetString() == "Completed");
        Assert.Contains(ring0, static f => Instruction(f) == "cli" && Agreement(f) == "Same");
    }

    private static string? Instruction(JsonElement finding) => finding.GetProperty("instruction").GetString();

    private static string? Agreement(JsonElement finding) => finding.GetProperty("agreement").GetString();

    private static JsonElement Report(string arguments)
    {
        (int status, string output) = KvmTestBed.Run($"{KvmEngineTests.Folder}/sosia {arguments}", (KvmEngineTests.ProgramFolder, KvmEngineTests.Folder));
        int begin = output.IndexOf("{\n", StringComparison.Ordinal);
        Assert.True(status == 0 && begin >= 0, output);
        return JsonDocument.Parse(output[begin..(output.LastIndexOf('}') + 1)]).RootElement.Clone();
    }
}
