using System;
using System.Globalization;
using System.Xml.Linq;

namespace Sosia.Control.Properties.Html;

/// <summary>Elements of a page that is well-formed XML and HTML at once.</summary>
internal static class Markup
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>An HTML element.</summary>
    public static XElement El(string name, params object?[] content) => new(name, content);

    /// <summary>An HTML element of a class.</summary>
    public static XElement Of(string name, string cssClass, params object?[] content) => new(name, new XAttribute("class", cssClass), content);

    /// <summary>An SVG element.</summary>
    public static XElement Shape(string name, params object?[] content) => new(Svg + name, content);

    /// <summary>An attribute.</summary>
    public static XAttribute At(string name, object value) => new(name, value);

    /// <summary>An attribute that is a percentage.</summary>
    public static XAttribute Percent(string name, double value) => new(name, string.Create(CultureInfo.InvariantCulture, $"{value:0.##}%"));

    /// <summary>Text with numbers as they are written everywhere.</summary>
    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A number with three significant digits or so.</summary>
    public static string Number(double value) => value switch
    {
        0 => "0",
        < 0.1 => Text($"{value:0.000}"),
        < 10 => Text($"{value:0.0}"),
        _ => Text($"{value:#,0}"),
    };

    /// <summary>A part as a percentage.</summary>
    public static string Share(double value) => value is > 0 and < 0.001 ? "< 0.1 %" : Text($"{100 * value:0.0} %");

    /// <summary>A mark that says passed, failed or unknown; with the word for whoever does not see it.</summary>
    public static XElement Mark(bool? holds, string word)
    {
        (string kind, string path) = holds switch
        {
            true => ("good", "M5 10.5 L8.5 14 L15 6.5"),
            false => ("bad", "M6 6 L14 14 M14 6 L6 14"),
            null => ("unknown", "M6 10 L14 10"),
        };
        return Shape(
            "svg",
            At("class", "mark " + kind),
            At("viewBox", "0 0 20 20"),
            At("width", "20"),
            At("height", "20"),
            At("role", "img"),
            At("aria-label", word),
            Shape("title", word),
            Shape("circle", At("cx", "10"), At("cy", "10"), At("r", "9.25")),
            Shape("path", At("d", path)));
    }

    /// <summary>A verdict: a mark and a word.</summary>
    public static XElement Verdict(bool? holds, string word)
        => Of("span", "verdict " + (holds switch { true => "good", false => "bad", null => "unknown" }), Mark(holds, word), Of("span", "word", word));
}
