using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;
using Sosia.Theory.Host;
using Xunit;

namespace Sosia.Theory.Tests.Host;

public sealed class HostReportTests(HostReportTests.Asked asked) : IClassFixture<HostReportTests.Asked>
{
    [NativeFact]
    public void Every_privileged_or_sensitive_row_that_64_bit_code_has_is_asked_about()
    {
        HashSet<InstructionRow> rows = [.. asked.Report!.Findings.Where(static f => f.Snippet.CodeBits == 64).Select(static f => f.Snippet.Row!)];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            bool isExpected = row.Virtualization != VirtualizationClass.Innocuous && (row.Flags & RowFlags.Not64) == 0;
            Assert.True(isExpected == rows.Contains(row), row.ToString());
        }

        Assert.DoesNotContain(asked.Report.Findings, static f => f.Verdict is HostVerdict.NotAsked or HostVerdict.Died or HostVerdict.TimedOut);
    }

    [NativeFact]
    public void Every_privileged_row_traps_or_is_not_there()
        => Assert.All(
            asked.Report!.Findings.Where(static f => f.Snippet.Row!.Virtualization == VirtualizationClass.Privileged),
            static f => Assert.True(f.Verdict is HostVerdict.Traps or HostVerdict.NotThere, $"{f.Snippet.Text}: {f.Verdict}"));

    [NativeFact]
    public void Input_and_output_trap()
        => Assert.All(
            asked.Report!.Findings.Where(static f => f.Snippet.Row!.Family == "io"),
            static f => Assert.Equal((HostVerdict.Traps, ExceptionVector.GeneralProtection), (f.Verdict, f.Silicon.Vector)));

    [NativeFact]
    public void POPF_is_silently_ignored_and_PUSHF_reveals()
    {
        Assert.Equal(HostVerdict.SilentlyIgnored, Find("popf").Verdict);
        Assert.Equal(HostVerdict.SilentlyIgnored, Find("iret").Verdict);
        Assert.Equal(HostVerdict.Reveals, Find("pushf").Verdict);
    }

    [NativeFact]
    public void Descriptor_look_ups_and_selectors_reveal_the_host()
    {
        foreach (string mnemonic in new[] { "lar", "lsl", "verr", "verw", "mov ebx,cs" })
        {
            HostFinding finding = Find(mnemonic);
            Assert.Equal(HostVerdict.Reveals, finding.Verdict);
            Assert.NotEmpty(finding.Value);
        }
    }

    [NativeFact]
    public void A_system_call_enters_the_kernel_and_is_stopped_there()
    {
        HostFinding finding = Find("syscall");
        Assert.Equal(HostVerdict.EntersKernel, finding.Verdict);
        Assert.Equal(1, finding.Silicon.SystemCallNumber);
        Assert.Equal(HostAgreement.Same, finding.Agreement);
    }

    [NativeFact]
    public void CPUID_answers_or_faults()
    {
        HostFinding finding = Find("cpuid");
        Assert.True(finding.Verdict is HostVerdict.Reveals or HostVerdict.Traps);
    }

    [NativeFact]
    public void The_five_of_UMIP_end_alike()
    {
        HostVerdict[] verdicts = [.. new[] { "sgdt", "sidt", "sldt", "str", "smsw" }.Select(m => Find(m).Verdict).Distinct()];
        Assert.True(Assert.Single(verdicts) is HostVerdict.Reveals or HostVerdict.Fakes or HostVerdict.Traps);
    }

    [NativeFact]
    public void Table_and_silicon_differ_nowhere_without_an_explanation()
        => Assert.DoesNotContain(asked.Report!.Findings, static f => f.Agreement == HostAgreement.Different);

    [NativeFact]
    public void Linux_answers_under_UMIP_are_told_from_real_ones()
    {
        using var probe = new NativeProbe();
        using var examination = new HostExamination(probe, kernelFakesTables: true);
        Snippet sgdt = SnippetMaker.OfSensitiveRows(64).First(static s => s.Row!.Mnemonic == "sgdt");
        byte[] data = (byte[])sgdt.Data.Clone();
        byte[] answer = [0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff];
        answer.CopyTo(data, (int)(sgdt.Registers.General[5] - SnippetMaker.DataAddress));
        HostFinding finding = examination.Compare(sgdt, new SnippetOutcome { End = SnippetEnd.Completed, Registers = sgdt.Registers.Clone(), Data = data });
        Assert.Equal(HostVerdict.Fakes, finding.Verdict);
        Assert.Equal(HostAgreement.Explained, finding.Agreement);
        Assert.True(HostFacilities.IsDummy(data, 0xffff_ffff_fffe_0000));
        Assert.False(HostFacilities.IsDummy(sgdt.Data, 0xffff_ffff_fffe_0000));
    }

    [NativeFact]
    public void A_processor_that_behaves_otherwise_than_the_table_is_noticed()
    {
        using var probe = new NativeProbe();
        using var examination = new HostExamination(probe, kernelFakesTables: false);
        Snippet hlt = SnippetMaker.OfSensitiveRows(64).First(static s => s.Row!.Mnemonic == "hlt");
        HostFinding finding = examination.Compare(hlt, new SnippetOutcome { End = SnippetEnd.Completed, Registers = hlt.Registers.Clone(), Data = hlt.Data });
        Assert.Equal(HostAgreement.Different, finding.Agreement);
        Assert.Equal(HostVerdict.Completes, finding.Verdict);
    }

    [NativeFact]
    public void Facilities_that_cells_need_are_there()
    {
        foreach (string name in new[] { "confined process", "SYSCALL" })
        {
            HostFacility facility = asked.Report!.Facilities.Single(f => f.Name == name);
            Assert.True(facility.IsThere, facility.Finding);
        }

        Assert.All(asked.Report!.Facilities, static f => Assert.EndsWith(".", f.Finding));
    }

    [NativeFact]
    public void What_could_not_be_asked_is_said_in_a_sentence()
    {
        Assert.Equal("No such device.", asked.Report!.WhyNoRing0);
        Assert.Empty(asked.Report.Ring0Findings);
        Assert.Equal(asked.Report.Findings.All(static f => f.Snippet.CodeBits == 64), asked.Report.WhyNoCompatibilityCode is not null);
    }

    [NativeFact]
    public void An_engine_is_compared_with_the_table_at_privilege_level_0()
    {
        // The interpreter in the place of KVM: it agrees with itself, and CLI clears IF there.
        HostReport report = HostReport.Create(static () => new InterpreterEngine());
        Assert.Null(report.WhyNoRing0);
        Assert.All(report.Ring0Findings, static f => Assert.Equal(HostAgreement.Same, f.Agreement));
        Ring0Finding cli = report.Ring0Findings.First(static f => f.Snippet.Row!.Mnemonic == "cli");
        Assert.Equal(SnippetEnd.Completed, cli.Silicon.End);
        Assert.Equal(0UL, cli.Silicon.Registers!.Rflags & ControlBits.If);
    }

    [NativeFact]
    public void What_an_engine_has_interpreted_is_not_taken_for_the_processors_answer()
    {
        HostReport report = HostReport.Create(static () => new HelplessEngine());
        Assert.All(report.Ring0Findings, static f =>
        {
            Assert.Equal((SnippetEnd.NotStarted, HostAgreement.Unknown), (f.Silicon.End, f.Agreement));
            Assert.Contains("interpreted", f.Explanation, System.StringComparison.Ordinal);
        });
    }

    [NativeFact]
    public void An_engine_that_cannot_count_is_told_its_machine_and_given_no_budget()
    {
        HostReport report = HostReport.Create(static () => new HelplessEngine { HasHelp = false });
        Assert.All(report.Ring0Findings, static f => Assert.Equal(HostAgreement.Same, f.Agreement));
    }

    [NativeFact]
    public void The_text_has_a_line_for_every_instruction()
    {
        var text = new StringWriter();
        HostReportText.Write(asked.Report!, text);
        var markdown = new StringWriter();
        HostReportText.WriteMarkdown(asked.Report!, markdown);
        foreach (HostFinding finding in asked.Report!.Findings)
        {
            Assert.Contains(finding.Snippet.Text, text.ToString());
            Assert.Contains($"| {finding.Snippet.Text} |", markdown.ToString());
        }

        Assert.Contains("No such device.", text.ToString());
    }

    [NativeFact]
    public void The_JSON_says_the_same()
    {
        var text = new StringWriter();
        HostReportJson.Write(asked.Report!, text);
        using JsonDocument document = JsonDocument.Parse(text.ToString());
        JsonElement[] findings = [.. document.RootElement.GetProperty("userMode").EnumerateArray()];
        Assert.Equal(asked.Report!.Findings.Count, findings.Length);
        JsonElement hlt = findings.First(static f => f.GetProperty("instruction").GetString() == "hlt");
        Assert.Equal("Traps", hlt.GetProperty("verdict").GetString());
        Assert.Equal(ExceptionVector.GeneralProtection, hlt.GetProperty("silicon").GetProperty("vector").GetInt32());
        Assert.Equal("No such device.", document.RootElement.GetProperty("whyNoRing0").GetString());
    }

    private HostFinding Find(string text) => asked.Report!.Findings.First(f => f.Snippet.CodeBits == 64 && (f.Snippet.Row!.Mnemonic == text || f.Snippet.Text == text));

    /// <summary>The report, asked for once.</summary>
    public sealed class Asked
    {
        public HostReport? Report { get; } = new NativeFactAttribute().Skip is null ? HostReport.Create(null, "No such device.") : null;
    }
}
