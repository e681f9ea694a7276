using System;
using System.Collections.Generic;
using System.Linq;
using System.Xml.Linq;
using static Sosia.Control.Properties.Html.Markup;

namespace Sosia.Control.Properties.Html;

/// <summary>
/// Horizontal bars on a logarithmic scale, a group of them for each row. Only the bars are drawn, in percentages of the width that there is; labels are text, so
/// that they keep their size on a small screen.
/// </summary>
internal sealed class LogChart
{
    private const int BarHeight = 12;
    private const int BarDistance = 17;
    private const int Padding = 7;
    private const int MaxLabels = 6;

    private readonly double _low;
    private readonly double _high;
    private readonly Func<double, string> _label;

    /// <summary>Makes a scale.</summary>
    /// <param name="values">What is to be shown; zeros have no bar.</param>
    /// <param name="from">Where the scale begins, a power of ten.</param>
    /// <param name="label">Writes a value of the axis.</param>
    public LogChart(IEnumerable<double> values, double from, Func<double, string> label)
    {
        _low = Math.Log10(from);
        double max = values.DefaultIfEmpty(0).Max();
        _high = Math.Max(_low + 1, max <= 0 ? 0 : Math.Ceiling(Math.Log10(max)));
        _label = label;
    }

    /// <summary>The whole chart.</summary>
    /// <param name="title">For whoever cannot see it.</param>
    /// <param name="rows">Name, what is said below it (null for nothing), and values by engine; a negative value is absent.</param>
    /// <param name="engines">The engines' names and their colours' classes.</param>
    /// <param name="value">Writes a value behind its bar.</param>
    public XElement Draw(string title, IEnumerable<(string Name, string? Note, IReadOnlyList<double> Values)> rows, IReadOnlyList<(string Name, string Colour)> engines, Func<double, string> value)
        => Of(
            "div",
            "chart",
            At("role", "group"),
            At("aria-label", title),
            rows.Select(row => Of(
                "div",
                "row",
                Of("div", "name", row.Name, row.Note is null ? null : Of("span", "note", row.Note)),
                Bars(row.Name, row.Values, engines, value),
                Of("div", "values", row.Values.Select((v, i) => Of("div", engines[i].Colour, v < 0 ? "–" : value(v)))))),
            Of("div", "row axis", Of("div", "name", " "), Axis(), Of("div", "values", " ")));

    private XElement Bars(string name, IReadOnlyList<double> values, IReadOnlyList<(string Name, string Colour)> engines, Func<double, string> value)
    {
        int height = (2 * Padding) + (BarDistance * (values.Count - 1)) + BarHeight;
        return Of(
            "div",
            "plot",
            // As high as the row, however many lines its name takes.
            Shape(
                "svg",
                At("class", "lines"),
                At("width", "100%"),
                At("height", "100%"),
                At("aria-hidden", "true"),
                Decades().Select(d => Shape("line", At("class", "grid"), Percent("x1", Place(d)), Percent("x2", Place(d)), At("y1", 0), At("y2", "100%")))),
            Shape(
                "svg",
                At("class", "bars"),
                At("width", "100%"),
                At("height", height),
                At("role", "img"),
                At("aria-label", $"{name}: {string.Join(", ", values.Select((v, i) => $"{engines[i].Name} {(v < 0 ? "unknown" : value(v))}"))}"),
                values.Select((v, i) => v <= 0
                    ? null
                    : Shape(
                        "rect",
                        At("class", engines[i].Colour),
                        At("x", 0),
                        At("y", Padding + (BarDistance * i)),
                        At("height", BarHeight),
                        At("rx", 2),
                        Percent("width", Math.Max(0.4, Place(Math.Log10(v)))),
                        Shape("title", $"{engines[i].Name}: {value(v)}")))));
    }

    private XElement Axis()
    {
        double[] decades = [.. Decades()];
        int step = (decades.Length + MaxLabels - 1) / MaxLabels;
        return Shape(
            "svg",
            At("class", "bars"),
            At("width", "100%"),
            At("height", "20"),
            At("aria-hidden", "true"),
            decades.Where((_, i) => i % step == 0).Select(d => Shape(
                "text",
                Percent("x", Place(d)),
                At("y", "14"),
                At("text-anchor", d == _low ? "start" : d == _high ? "end" : "middle"),
                _label(Math.Pow(10, d)))));
    }

    private double Place(double logarithm) => Math.Clamp(100 * (logarithm - _low) / (_high - _low), 0, 100);

    private IEnumerable<double> Decades()
    {
        for (double d = _low; d <= _high; d++)
        {
            yield return d;
        }
    }
}
