using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Sosia.Theory.Reports;

/// <summary>A classification as a Markdown page.</summary>
public static class MarkdownReport
{
    /// <summary>Writes it.</summary>
    public static void Write(Classification classification, TextWriter output)
    {
        Line(output, $"# {classification.Isa}, classified");
        Line(output, string.Empty);
        Line(output, $"{classification.Description}. {ReportTexts.Method(classification)}");
        Line(output, string.Empty);
        Line(output, "| theorem | | why | broken by |");
        Line(output, "| --- | --- | --- | --- |");
        foreach (TheoremVerdict theorem in classification.Theorems)
        {
            Line(output, $"| {theorem.Number}. {theorem.Statement} | **{ReportTexts.Verdict(theorem)}** | {theorem.Reason} | {Cell(ReportTexts.Breaking(theorem))} |");
        }

        foreach (InstructionClass each in ReportTexts.Sensitive)
        {
            WriteClass(output, each, [.. classification.Of(each)]);
        }

        List<RowVerdict> innocuous = [.. classification.Of(InstructionClass.Innocuous)];
        Line(output, string.Empty);
        Line(output, $"## Innocuous: {innocuous.Count} rows");
        Line(output, string.Empty);
        Line(output, ReportTexts.Explain(InstructionClass.Innocuous));
        Line(output, string.Empty);
        Line(output, "| family | rows | mnemonics |");
        Line(output, "| --- | ---: | --- |");
        foreach (IGrouping<string, RowVerdict> family in innocuous.GroupBy(static r => r.Row.Family))
        {
            Line(output, $"| {family.Key} | {family.Count()} | {string.Join(' ', family.Select(static r => r.Row.Mnemonic).Distinct())} |");
        }

        Line(output, string.Empty);
        Line(output, "## Table and computation");
        Line(output, string.Empty);
        List<RowVerdict> wrong = [.. classification.WrongClaims];
        Line(output, wrong.Count == 0
            ? "The instruction table claims the same of every row."
            : "The instruction table claims something else of these rows:");
        Line(output, string.Empty);
        foreach (RowVerdict row in wrong)
        {
            Line(output, $"- `{row.Row.Encoding} {row.Row.Mnemonic} {row.Row.Operands}`: claimed {row.Row.Claim}, computed {row.Claimed}");
        }
    }

    private static void WriteClass(TextWriter output, InstructionClass instructionClass, List<RowVerdict> rows)
    {
        Line(output, string.Empty);
        Line(output, $"## {ReportTexts.Title(instructionClass)}: {rows.Count} rows");
        Line(output, string.Empty);
        Line(output, $"{ReportTexts.Explain(instructionClass)} {ReportTexts.Legend}");
        Line(output, string.Empty);
        Line(output, "| instruction | traps in user mode | sensitive | user-sensitive | witnesses |");
        Line(output, "| --- | --- | --- | --- | --- |");
        foreach (RowGroup group in RowGroup.Of(rows))
        {
            string witnesses = string.Join("<br>", group.First.Witnesses.Select(static w => $"*{ReportTexts.Name(w.Kind)}*: {Cell(ReportTexts.Describe(w))}"));
            Line(output, $"| `{Cell(group.Name)}` | {group.Traps} | {Cell(group.Sensitivity)} | {(group.First.UserSensitivity == Sensitivity.None ? "no" : "yes")} | {witnesses} |");
        }
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal);

    private static void Line(TextWriter output, string text) => output.Write(text + "\n");
}
