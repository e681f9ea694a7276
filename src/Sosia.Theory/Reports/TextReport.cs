using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Sosia.Theory.Reports;

/// <summary>A classification for a terminal.</summary>
public static class TextReport
{
    private const int Width = 110;

    /// <summary>Writes it.</summary>
    public static void Write(Classification classification, TextWriter output)
    {
        output.WriteLine($"{classification.Isa}: {classification.Description}");
        output.WriteLine(ReportTexts.Method(classification));
        foreach (InstructionClass each in ReportTexts.Sensitive)
        {
            WriteClass(output, each, [.. classification.Of(each)]);
        }

        WriteInnocuous(output, [.. classification.Of(InstructionClass.Innocuous)]);
        WriteTimes(output, [.. classification.Rows.Where(static r => r.DependsOnTime)]);
        foreach (TheoremVerdict theorem in classification.Theorems)
        {
            output.WriteLine();
            output.WriteLine($"Theorem {theorem.Number} {ReportTexts.Verdict(theorem)}.");
            Wrap(output, "  ", theorem.Statement);
            Wrap(output, "  ", theorem.Reason);
            if (theorem.Breaking.Count > 0)
            {
                Wrap(output, "  ", "Broken by: " + ReportTexts.Breaking(theorem));
            }
        }

        output.WriteLine();
        List<RowVerdict> wrong = [.. classification.WrongClaims];
        output.WriteLine(wrong.Count == 0
            ? "The instruction table claims the same of every row."
            : $"The instruction table claims something else of {wrong.Count} rows:");
        foreach (RowVerdict row in wrong)
        {
            output.WriteLine($"  {row.Row.Encoding} {row.Row.Mnemonic} {row.Row.Operands}: claimed {row.Row.Claim}, computed {row.Claimed}");
        }
    }

    private static void WriteClass(TextWriter output, InstructionClass instructionClass, List<RowVerdict> rows)
    {
        output.WriteLine();
        output.WriteLine($"{ReportTexts.Title(instructionClass).ToUpperInvariant()}: {rows.Count} rows");
        Wrap(output, "  ", ReportTexts.Explain(instructionClass));
        if (rows.Count == 0)
        {
            return;
        }

        if (instructionClass == ReportTexts.Sensitive[0])
        {
            Wrap(output, "  ", ReportTexts.Legend);
        }

        List<RowGroup> groups = RowGroup.Of(rows);
        int nameWidth = Math.Min(34, groups.Max(static g => g.Name.Length)) + 2;
        output.WriteLine();
        output.WriteLine($"  {"INSTRUCTION".PadRight(nameWidth)}{"USER TRAPS",-13}SENSITIVE");
        foreach (RowGroup group in groups)
        {
            output.WriteLine($"  {group.Name.PadRight(nameWidth)}{group.Traps,-13}{group.Sensitivity}");
            // A privileged row's proof is that it traps.
            foreach (Witness witness in instructionClass == InstructionClass.Privileged ? group.First.Witnesses.Take(1) : group.First.Witnesses)
            {
                Wrap(output, "      ", $"{ReportTexts.Name(witness.Kind)}: {ReportTexts.Describe(witness)}");
            }
        }
    }

    private static void WriteInnocuous(TextWriter output, List<RowVerdict> rows)
    {
        output.WriteLine();
        output.WriteLine($"INNOCUOUS: {rows.Count} rows");
        Wrap(output, "  ", ReportTexts.Explain(InstructionClass.Innocuous));
        output.WriteLine();
        foreach (IGrouping<string, RowVerdict> family in rows.GroupBy(static r => r.Row.Family))
        {
            Wrap(output, "  ", $"{family.Key}: {string.Join(' ', family.Select(static r => r.Row.Mnemonic).Distinct())}");
        }

        List<RowVerdict> never = [.. rows.Where(static r => r.NeverCompletes)];
        if (never.Count > 0)
        {
            output.WriteLine();
            Wrap(output, "  ", $"Trapped in every state of either mode: {string.Join(", ", RowGroup.Of(never).Select(static g => g.Name))}.");
        }
    }

    private static void WriteTimes(TextWriter output, List<RowVerdict> rows)
    {
        if (rows.Count > 0)
        {
            output.WriteLine();
            Wrap(output, string.Empty, $"The outcome depends on time or chance: {string.Join(", ", RowGroup.Of(rows).Select(static g => $"{g.Name} (user traps: {g.Traps})"))}.");
        }
    }

    private static void Wrap(TextWriter output, string indent, string text)
    {
        string line = indent;
        bool isEmpty = true;
        foreach (string word in text.Split(' '))
        {
            if (!isEmpty && line.Length + word.Length + 1 > Width)
            {
                output.WriteLine(line);
                line = indent + "  ";
                isEmpty = true;
            }

            line += isEmpty ? word : " " + word;
            isEmpty = false;
        }

        output.WriteLine(line);
    }
}
