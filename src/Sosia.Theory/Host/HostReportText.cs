using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Sosia.Isa.X86.Decode;

namespace Sosia.Theory.Host;

/// <summary>Writes a <see cref="HostReport"/> as text for a terminal, or as Markdown.</summary>
public sealed class HostReportText
{
    private readonly TextWriter _output;
    private readonly bool _isMarkdown;

    private HostReportText(TextWriter output, bool isMarkdown)
    {
        _output = output;
        _isMarkdown = isMarkdown;
    }

    /// <summary>Writes a report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="output">Where to.</param>
    public static void Write(HostReport report, TextWriter output) => Write(report, output, isMarkdown: false);

    /// <summary>Writes a report as Markdown.</summary>
    /// <param name="report">The report.</param>
    /// <param name="output">Where to.</param>
    public static void WriteMarkdown(HostReport report, TextWriter output) => Write(report, output, isMarkdown: true);

    /// <summary>A verdict in the words of the report.</summary>
    public static string Word(HostVerdict verdict) => verdict switch
    {
        HostVerdict.Traps => "traps",
        HostVerdict.EntersKernel => "enters the kernel",
        HostVerdict.Fakes => "fakes",
        HostVerdict.SilentlyIgnored => "silently ignored",
        HostVerdict.Reveals => "reveals",
        HostVerdict.Completes => "completes",
        HostVerdict.NotThere => "not there",
        HostVerdict.TimedOut => "never ends",
        HostVerdict.Died => "dies",
        _ => "not asked",
    };

    /// <summary>An agreement in the words of the report.</summary>
    public static string Word(HostAgreement agreement) => agreement switch
    {
        HostAgreement.Same => "yes",
        HostAgreement.SameWithOtherValues => "yes, other values",
        HostAgreement.SameUnderUmip => "yes, with UMIP",
        HostAgreement.Explained => "no, explained",
        HostAgreement.Different => "NO",
        _ => "-",
    };

    private static void Write(HostReport report, TextWriter output, bool isMarkdown)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(output);
        new HostReportText(output, isMarkdown).WriteReport(report);
    }

    private void WriteReport(HostReport report)
    {
        Heading("Which instructions are sensitive, and do they trap? The host's answer");
        Line($"Processor: {report.Processor}{(report.IsVirtual ? ", a virtual one: its hypervisor may have answered for it" : string.Empty)}.");
        Line($"Kernel: {report.Kernel}.");
        Heading("In user mode");
        Line("Every row of the instruction table that is privileged or sensitive, executed in a confined process; the table is executed by the interpreter.");
        WriteFindings(report.Findings);
        if (report.WhyNoCompatibilityCode is { } why)
        {
            Line($"32-bit code was not asked about. {why}");
        }

        WriteDifferences(report);
        WriteSummary(report);
        Heading("At privilege level 0");
        WriteRing0(report);
        Heading("What this host offers for direct execution");
        Table(["FACILITY", "HERE", "FINDING"], report.Facilities.Select(static f => new[] { f.Name, f.IsThere ? "yes" : "no", f.Finding }));
    }

    private void WriteFindings(IReadOnlyList<HostFinding> findings)
        => Table(
            ["CODE", "INSTRUCTION", "CLASS", "SILICON", "WHAT WAS SEEN", "TABLE", "UNDER UMIP", "AGREE"],
            findings.Select(static f => new[]
            {
                $"{f.Snippet.CodeBits}",
                f.Snippet.Text,
                ClassOf(f.Snippet),
                Word(f.Verdict),
                f.Value.Length == 0 ? "nothing" : f.Value,
                OutcomeText.End(f.Table),
                OutcomeText.End(f.TableUnderUmip),
                Word(f.Agreement),
            }));

    private void WriteDifferences(HostReport report)
    {
        List<HostFinding> differences = [.. report.Findings.Where(static f => f.Agreement is HostAgreement.Explained or HostAgreement.Different or HostAgreement.SameUnderUmip)];
        Heading("Where silicon and table differ");
        if (differences.Count == 0)
        {
            Line("Nowhere.");
            return;
        }

        Table(
            ["CODE", "INSTRUCTION", "SILICON", "TABLE", "WHY"],
            differences.Select(static f => new[]
            {
                $"{f.Snippet.CodeBits}", f.Snippet.Text, OutcomeText.End(f.Silicon), OutcomeText.End(f.Table), f.Explanation.Length == 0 ? "not explained" : f.Explanation,
            }));
    }

    private void WriteSummary(HostReport report)
    {
        Heading("Summary");
        foreach (HostVerdict verdict in Enum.GetValues<HostVerdict>())
        {
            string[] names = [.. report.Findings.Where(f => f.Verdict == verdict).Select(static f => f.Snippet.Row?.Mnemonic ?? f.Snippet.Text).Distinct()];
            if (names.Length > 0)
            {
                Line($"{(_isMarkdown ? "- " : string.Empty)}{Word(verdict)}: {string.Join(", ", names)}.");
            }
        }

        bool isSafe = report.Findings.All(static f => f.Verdict is HostVerdict.Traps or HostVerdict.EntersKernel or HostVerdict.NotThere or HostVerdict.Completes);
        Line(isSafe
            ? "Every sensitive instruction is one that traps here: the premise of theorem 1 holds for user mode."
            : "Not every sensitive instruction traps here: the premise of theorem 1 fails on this host for what is faked, silently ignored or revealed.");
    }

    private void WriteRing0(HostReport report)
    {
        if (report.WhyNoRing0 is { } why)
        {
            Line($"Not asked: {why}");
            return;
        }

        Line("The same instructions in a small virtual machine of the host's. What its hypervisor takes from the processor it answers itself.");
        Table(
            ["INSTRUCTION", "SILICON", "WHAT WAS SEEN", "TABLE", "AGREE"],
            report.Ring0Findings.Select(static f => new[]
            {
                f.Snippet.Text, OutcomeText.End(f.Silicon), OutcomeText.Changes(f.Snippet, f.Silicon), OutcomeText.End(f.Table), Word(f.Agreement),
            }));
        List<Ring0Finding> differences = [.. report.Ring0Findings.Where(static f => f.Agreement is HostAgreement.Explained or HostAgreement.Different or HostAgreement.Unknown)];
        if (differences.Count != 0)
        {
            Table(
                ["INSTRUCTION", "SILICON", "TABLE", "WHY"],
                differences.Select(static f => new[]
                {
                    f.Snippet.Text, OutcomeText.End(f.Silicon), OutcomeText.End(f.Table), f.Explanation.Length == 0 ? "not explained" : f.Explanation,
                }));
        }
    }

    private static string ClassOf(Snippet snippet) => snippet.Row?.Virtualization switch
    {
        VirtualizationClass.Privileged => "privileged",
        VirtualizationClass.Withholdable => "withholdable",
        VirtualizationClass.Sensitive => "sensitive",
        _ => "-",
    };

    private void Heading(string text)
    {
        _output.WriteLine();
        _output.WriteLine(_isMarkdown ? $"## {text}" : text);
        _output.WriteLine(_isMarkdown ? string.Empty : new string('-', text.Length));
    }

    private void Line(string text)
    {
        _output.WriteLine(text);
        if (_isMarkdown && !text.StartsWith("- ", StringComparison.Ordinal))
        {
            _output.WriteLine();
        }
    }

    private void Table(string[] header, IEnumerable<string[]> rows)
    {
        List<string[]> all = [header, .. rows];
        int[] widths = [.. header.Select((_, column) => all.Max(row => row[column].Length))];
        for (int i = 0; i < all.Count; i++)
        {
            if (_isMarkdown)
            {
                _output.WriteLine($"| {string.Join(" | ", all[i])} |");
                if (i == 0)
                {
                    _output.WriteLine($"|{string.Concat(Enumerable.Repeat(" --- |", header.Length))}");
                }
            }
            else
            {
                _output.WriteLine(string.Join("  ", all[i].Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
            }
        }

        _output.WriteLine();
    }
}
