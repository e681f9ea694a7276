using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;

namespace Sosia.Theory.Reports;

/// <summary>Draws rectangles, text and rows of chips, top down.</summary>
internal sealed class SvgCanvas
{
    /// <summary>Height of a chip.</summary>
    public const double ChipHeight = 22;

    private const double ChipGap = 6;
    private const double ChipPadding = 8;
    private const double ChipFontSize = 12;

    // A monospaced font's characters are six tenths as wide as high.
    private const double ChipCharacter = ChipFontSize * 0.6;
    private const double MarkWidth = 11;

    private readonly StringWriter _body = new() { NewLine = "\n" };

    /// <summary>A rounded rectangle.</summary>
    public void Box(double x, double y, double width, double height, double radius, string style)
        => Element($"""<rect x="{N(x)}" y="{N(y)}" width="{N(width)}" height="{N(height)}" rx="{N(radius)}" {style}/>""");

    /// <summary>A line of text.</summary>
    public void Text(double x, double y, string text, string cssClass, string? fill = null)
        => Element($"""<text x="{N(x)}" y="{N(y)}" class="{cssClass}"{(fill is null ? string.Empty : $" fill=\"{fill}\"")}>{WebUtility.HtmlEncode(text)}</text>""");

    /// <summary>Text in lines no wider than given, for a font whose characters are so wide on average.</summary>
    /// <returns>The y behind the last line.</returns>
    public double Paragraph(double x, double y, double width, double character, double lineHeight, string text, string cssClass, string? fill = null)
    {
        string line = string.Empty;
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && (line.Length + 1 + word.Length) * character > width)
            {
                Text(x, y, line, cssClass, fill);
                y += lineHeight;
                line = string.Empty;
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        Text(x, y, line, cssClass, fill);
        return y + lineHeight;
    }

    /// <summary>The height that chips need.</summary>
    public static double ChipsHeight(double width, IReadOnlyList<SvgChip> chips)
    {
        double at = 0;
        int lines = chips.Count == 0 ? 0 : 1;
        foreach (SvgChip chip in chips)
        {
            double chipWidth = ChipWidth(chip);
            if (at > 0 && at + chipWidth > width)
            {
                lines++;
                at = 0;
            }

            at += chipWidth + ChipGap;
        }

        return lines * (ChipHeight + ChipGap);
    }

    /// <summary>Chips in lines.</summary>
    public void Chips(double x, double y, double width, IReadOnlyList<SvgChip> chips, string stroke, string fill, string text)
    {
        double at = 0;
        foreach (SvgChip chip in chips)
        {
            double chipWidth = ChipWidth(chip);
            if (at > 0 && at + chipWidth > width)
            {
                y += ChipHeight + ChipGap;
                at = 0;
            }

            Box(x + at, y, chipWidth, ChipHeight, 6, $"""fill="{fill}" stroke="{stroke}" stroke-width="1" """);
            double textAt = x + at + ChipPadding;
            if (chip.IsUserSensitive)
            {
                Dot(textAt + 2.5, y + (ChipHeight / 2), stroke);
                textAt += MarkWidth;
            }

            Text(textAt, y + 15, chip.Text, "m", text);
            at += chipWidth + ChipGap;
        }
    }

    /// <summary>The mark of what is user-sensitive.</summary>
    public void Dot(double x, double y, string fill) => Element($"""<circle cx="{N(x)}" cy="{N(y)}" r="3.5" fill="{fill}"/>""");

    /// <summary>Writes the picture.</summary>
    public void Write(TextWriter output, double width, double height, string title)
    {
        output.Write($"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{N(width)}" height="{N(height)}" viewBox="0 0 {N(width)} {N(height)}" role="img">
            <title>{WebUtility.HtmlEncode(title)}</title>
            <style>
            text {"{"} font-family: system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; {"}"}
            .h1 {"{"} font-size: 26px; font-weight: 700; {"}"}
            .h2 {"{"} font-size: 16px; font-weight: 700; {"}"}
            .p {"{"} font-size: 12.5px; {"}"}
            .m {"{"} font-size: 12px; font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; {"}"}
            .s {"{"} font-size: 10px; font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; {"}"}
            </style>

            """.ReplaceLineEndings("\n"));
        output.Write(_body.ToString());
        output.Write("</svg>\n");
    }

    private static double ChipWidth(SvgChip chip) => (chip.Text.Length * ChipCharacter) + (2 * ChipPadding) + (chip.IsUserSensitive ? MarkWidth : 0);

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private void Element(string text) => _body.WriteLine(text);
}
