using System;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;

namespace Sosia.Theory.Host;

/// <summary>Writes a <see cref="HostReport"/> as one JSON object; docs/theory-host.md lists its members.</summary>
public static class HostReportJson
{
    private static readonly string[] GeneralNames = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    /// <summary>Writes a report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="output">Where to.</param>
    public static void Write(HostReport report, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(output);
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            WriteReport(writer, report);
        }

        output.WriteLine(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }

    private static void WriteReport(Utf8JsonWriter writer, HostReport report)
    {
        writer.WriteStartObject();
        writer.WriteString("processor", report.Processor);
        writer.WriteBoolean("isVirtual", report.IsVirtual);
        writer.WriteString("kernel", report.Kernel);
        writer.WriteString("whyNo32BitCode", report.WhyNoCompatibilityCode);
        writer.WriteString("whyNoRing0", report.WhyNoRing0);
        writer.WriteStartArray("facilities");
        foreach (HostFacility facility in report.Facilities)
        {
            writer.WriteStartObject();
            writer.WriteString("name", facility.Name);
            writer.WriteBoolean("isThere", facility.IsThere);
            writer.WriteString("finding", facility.Finding);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("userMode");
        foreach (HostFinding finding in report.Findings)
        {
            WriteFinding(writer, finding);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("ring0");
        foreach (Ring0Finding finding in report.Ring0Findings)
        {
            writer.WriteStartObject();
            WriteSnippet(writer, finding.Snippet);
            writer.WriteString("agreement", finding.Agreement.ToString());
            writer.WriteString("explanation", finding.Explanation);
            WriteOutcome(writer, "silicon", finding.Snippet, finding.Silicon);
            WriteOutcome(writer, "table", finding.Snippet, finding.Table);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteFinding(Utf8JsonWriter writer, HostFinding finding)
    {
        writer.WriteStartObject();
        WriteSnippet(writer, finding.Snippet);
        writer.WriteString("verdict", finding.Verdict.ToString());
        writer.WriteString("value", finding.Value);
        writer.WriteString("agreement", finding.Agreement.ToString());
        writer.WriteString("explanation", finding.Explanation);
        WriteOutcome(writer, "silicon", finding.Snippet, finding.Silicon);
        WriteOutcome(writer, "table", finding.Snippet, finding.Table);
        WriteOutcome(writer, "tableUnderUmip", finding.Snippet, finding.TableUnderUmip);
        writer.WriteEndObject();
    }

    private static void WriteSnippet(Utf8JsonWriter writer, Snippet snippet)
    {
        writer.WriteString("instruction", snippet.Text);
        writer.WriteString("row", snippet.Row?.ToString());
        writer.WriteString("class", snippet.Row?.Virtualization.ToString());
        writer.WriteNumber("codeBits", snippet.CodeBits);
        writer.WriteString("bytes", Convert.ToHexStringLower(snippet.Code));
    }

    private static void WriteOutcome(Utf8JsonWriter writer, string name, Snippet snippet, SnippetOutcome outcome)
    {
        writer.WriteStartObject(name);
        writer.WriteString("end", outcome.End.ToString());
        if (outcome.End is SnippetEnd.Trapped or SnippetEnd.EnteredKernel && outcome.Vector >= 0)
        {
            writer.WriteNumber("vector", outcome.Vector);
            writer.WriteNumber("errorCode", outcome.ErrorCode);
        }

        if (outcome.Signal != 0)
        {
            writer.WriteNumber("signal", outcome.Signal);
        }

        if (outcome.SystemCallNumber >= 0)
        {
            writer.WriteNumber("systemCall", outcome.SystemCallNumber);
            writer.WriteString("systemCallArchitecture", Hex(outcome.SystemCallArchitecture));
        }

        if (outcome.IsSilent)
        {
            writer.WriteString("changes", OutcomeText.Changes(snippet, outcome));
        }

        if (outcome.Registers is { } registers)
        {
            writer.WriteStartObject("registers");
            for (int i = 0; i < (snippet.CodeBits == 64 ? 16 : 8); i++)
            {
                writer.WriteString(GeneralNames[i], Hex(registers.General[i]));
            }

            writer.WriteString("rip", Hex(registers.Rip));
            writer.WriteString("rflags", Hex(registers.Rflags));
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static string Hex(ulong value) => string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");
}
