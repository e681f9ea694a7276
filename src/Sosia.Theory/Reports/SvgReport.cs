using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Sosia.Theory.Reports;

/// <summary>
/// A classification as a picture: the privileged instructions within the sensitive ones, what is left of them and breaks theorem 1 beside, and
/// the innocuous ones around.
/// </summary>
public static class SvgReport
{
    private const double Width = 1200;
    private const double Margin = 36;
    private const double Padding = 20;
    private const double HeaderHeight = 62;
    private const double LeftWidth = 470;

    /// <summary>Writes it.</summary>
    public static void Write(Classification classification, TextWriter output)
    {
        var canvas = new SvgCanvas();
        List<SvgChip> unprivileged = Chips(classification, InstructionClass.Unprivileged);
        List<SvgChip> withheld = Chips(classification, InstructionClass.Withholdable);
        List<SvgChip> privileged = Chips(classification, InstructionClass.Privileged);
        double innerWidth = Width - (2 * Margin) - LeftWidth - (3 * Padding);
        double chipsWidth = innerWidth - (2 * Padding);
        double withheldHeight = HeaderHeight + SvgCanvas.ChipsHeight(chipsWidth, withheld) + 10;
        double privilegedHeight = HeaderHeight + SvgCanvas.ChipsHeight(chipsWidth, privileged) + 10;
        double bodyHeight = Math.Max(withheldHeight + privilegedHeight + 46 + Padding, HeaderHeight + SvgCanvas.ChipsHeight(LeftWidth - Padding, unprivileged) + 20);

        // The page is drawn first; its height is known last.
        canvas.Box(0, 0, Width, 10_000, 0, """fill="#fbfaf7" """);
        double y = WriteHeader(canvas, classification);
        double sensitiveTop = y;
        double sensitiveHeight = bodyHeight + 56;
        canvas.Box(Margin, sensitiveTop, Width - (2 * Margin), sensitiveHeight, 26, """fill="#fdeeea" stroke="#c0392b" stroke-width="2" """);
        canvas.Text(Margin + Padding, sensitiveTop + 30, "SENSITIVE", "h2", "#8e2a1e");
        y = sensitiveTop + 46;
        Panel(canvas, Margin + Padding, y, LeftWidth - Padding, classification, InstructionClass.Unprivileged, unprivileged, ("#b8321f", "#ffffff", "#8e2a1e"));

        double right = Margin + LeftWidth + Padding;
        canvas.Box(right, sensitiveTop + 16, innerWidth + Padding, sensitiveHeight - 32, 22, """fill="#e9f1fa" stroke="#2c6fb0" stroke-width="2" """);
        canvas.Text(right + Padding, sensitiveTop + 44, "PRIVILEGED", "h2", "#1f4f80");
        y = sensitiveTop + 58;
        canvas.Box(right + 12, y, innerWidth + Padding - 24, withheldHeight, 16, """fill="#fff6df" stroke="#b9860b" stroke-width="1.5" stroke-dasharray="6 4" """);
        Panel(canvas, right + 12 + (Padding / 2), y + 6, chipsWidth, classification, InstructionClass.Withholdable, withheld, ("#b9860b", "#ffffff", "#6d4f06"));
        Panel(canvas, right + 12 + (Padding / 2), y + withheldHeight + 16, chipsWidth, classification, InstructionClass.Privileged, privileged, ("#2c6fb0", "#ffffff", "#1f4f80"));

        y = WriteInnocuous(canvas, classification, sensitiveTop + sensitiveHeight + 34);
        canvas.Dot(Margin + 6, y + 14, "#555555");
        canvas.Text(Margin + 18, y + 18, "user-sensitive: shows in user states alone, and counts for theorem 3", "p", "#444444");
        canvas.Text(Margin + 520, y + 18, $"computed by execution: {ReportTexts.Method(classification)}", "p", "#777777");
        canvas.Write(output, Width, y + 40, $"{classification.Isa}: privileged, sensitive and innocuous instructions");
    }

    private static double WriteHeader(SvgCanvas canvas, Classification classification)
    {
        canvas.Text(Margin, 50, $"{classification.Isa} under Popek and Goldberg's criteria", "h1", "#222222");
        canvas.Text(Margin, 74, classification.Description, "p", "#555555");
        double x = Margin;
        double width = (Width - (2 * Margin) - (2 * Padding)) / 3;
        foreach (TheoremVerdict theorem in classification.Theorems)
        {
            (string stroke, string fill) = theorem.Holds ? ("#2e7d4f", "#e8f5ec") : ("#b8321f", "#fdeeea");
            canvas.Box(x, 92, width, 74, 12, $"""fill="{fill}" stroke="{stroke}" stroke-width="1.5" """);
            string what = theorem.Number switch { 1 => "a virtual machine monitor", 2 => "recursion", _ => "a hybrid monitor" };
            canvas.Text(x + 14, 116, $"Theorem {theorem.Number} {ReportTexts.Verdict(theorem)}", "h2", stroke);
            canvas.Text(x + 14, 135, theorem.Holds ? $"its premise for {what} is given" : $"its premise for {what} is not given", "p", "#444444");
            canvas.Text(x + 14, 153, theorem.Breaking.Count == 0 ? "no row breaks it" : $"{theorem.Breaking.Count} rows break it", "p", "#444444");
            x += width + Padding;
        }

        return 188;
    }

    private static void Panel(SvgCanvas canvas, double x, double y, double width, Classification classification, InstructionClass instructionClass, List<SvgChip> chips, (string Stroke, string Fill, string Text) colours)
    {
        string heading = instructionClass switch
        {
            InstructionClass.Unprivileged => "and not privileged: they break theorem 1",
            InstructionClass.Withholdable => "if the control program withholds a right",
            _ => "in every state",
        };
        canvas.Text(x, y + 22, heading, "h2", colours.Text);
        canvas.Text(x, y + 40, $"{classification.Of(instructionClass).Count()} rows of the instruction table", "p", "#666666");
        canvas.Chips(x, y + 52, width, chips, colours.Stroke, colours.Fill, colours.Text);
    }

    private static double WriteInnocuous(SvgCanvas canvas, Classification classification, double top)
    {
        const double Character = 6.02;
        const double Line = 14;
        List<RowVerdict> rows = [.. classification.Of(InstructionClass.Innocuous)];
        canvas.Text(Margin, top, "INNOCUOUS", "h2", "#2e7d4f");
        canvas.Text(Margin + 122, top, $"{rows.Count} rows: the same outcome in either mode, anywhere, with any resources", "p", "#444444");
        double y = top + 24;
        foreach (IGrouping<string, RowVerdict> family in rows.GroupBy(static r => r.Row.Family))
        {
            canvas.Text(Margin, y, family.Key, "s", "#2e7d4f");
            y = canvas.Paragraph(Margin + 122, y, Width - (2 * Margin) - 122, Character, Line, string.Join(' ', family.Select(static r => r.Row.Mnemonic).Distinct()), "s", "#555555");
        }

        return y;
    }

    // A mnemonic alone where all its rows are in one class and alike, else with its operands.
    private static List<SvgChip> Chips(Classification classification, InstructionClass instructionClass)
    {
        HashSet<string> ambiguous = [.. classification.Rows
            .GroupBy(static r => r.Row.Mnemonic)
            .Where(static g => g.Select(static r => r.Class).Distinct().Count() > 1)
            .Select(static g => g.Key)];
        return [.. classification.Of(instructionClass)
            .GroupBy(r => (r.Row.Mnemonic, Operands: ambiguous.Contains(r.Row.Mnemonic) ? r.Row.Operands : string.Empty))
            .Select(static g => new SvgChip($"{g.Key.Mnemonic} {g.Key.Operands}".TrimEnd(), g.Any(static r => r.UserSensitivity != Sensitivity.None)))];
    }
}
