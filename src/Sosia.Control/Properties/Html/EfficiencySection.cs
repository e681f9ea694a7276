using System;
using System.Collections.Generic;
using System.Linq;
using System.Xml.Linq;
using Sosia.Control.Properties.Efficiency;
using static Sosia.Control.Properties.Html.Markup;

namespace Sosia.Control.Properties.Html;

/// <summary>Who executed the instructions, why the guest was left, and how long programs take.</summary>
internal static class EfficiencySection
{
    public static XElement Write(PropertiesReport report, EngineProperties[] engines, IReadOnlyList<(string Name, string Colour)> colours)
        => Of(
            "section",
            "part",
            At("id", "efficiency"),
            El("h2", "Efficiency"),
            El("h3", "Who executed the guest's instructions"),
            El("p", $"From power-on until {report.Guest} had booted. Popek and Goldberg ask that a statistically dominant subset of the instructions runs without the monitor’s help: directly, or at least as code that was translated once."),
            Legend([("by the processor, as they are", "native"), ("by translated code", "translated"), ("by interpretation", "interpreted"), ("by the processor, uncounted", "uncounted")]),
            engines.Select(static e => Of("div", "shares", Of("div", "name", e.Engine), ShareBar.Draw($"Instructions under the {e.Engine}", Parts(e.Efficiency!)))),
            engines.Where(static e => e.Efficiency!.Native < 0).Select(static e => Of(
                "p",
                "remark",
                Text($"Under the {e.Engine} the host’s processor executes guest code as it is, and nobody counts its instructions; {e.Efficiency!.Interpreted:#,0} had to be interpreted in its place."))),
            Figures(engines, colours),
            El("h3", "Why the guest was left for the monitor"),
            El("p", "Exits per second of host time during the same run, on a logarithmic scale. An interpreter never leaves guest code in the narrow sense: for it, these are the events that it could not handle on its shortest path."),
            Legend(colours),
            Exits(engines, colours),
            El("h3", "Compute programs, against the processor itself"),
            El("p", "The same bytes of machine code, executed by the host’s processor and by the guest’s as a program in ring 3, in turns, the shortest time of several runs each. 1 × is the host’s own speed; the scale is logarithmic."),
            Legend(colours),
            Slowdowns(engines, colours),
            Of("p", "limits", "What this does not prove: how fast another guest is. Programs that wait, use devices or switch address spaces behave differently; the whole benchmark is in bench/RESULTS.md."));

    private static XElement Legend(IEnumerable<(string Name, string Colour)> entries)
        => Of("p", "legend", entries.Select(static e => Of("span", "entry", Of("span", "swatch " + e.Colour, " "), e.Name)));

    private static (string Name, string Colour, double Share)[] Parts(EfficiencyResult result)
    {
        if (result.Native < 0)
        {
            return [("by the processor, uncounted", "uncounted", 1)];
        }

        double all = Math.Max(1, result.Native + result.Translated + result.Interpreted);
        return [("by the processor", "native", result.Native / all), ("by translated code", "translated", result.Translated / all), ("by interpretation", "interpreted", result.Interpreted / all)];
    }

    private static XElement Figures(EngineProperties[] engines, IReadOnlyList<(string Name, string Colour)> colours)
        => Of(
            "div",
            "scroll",
            El(
                "table",
                El("thead", El("tr", El("th", "Engine"), Of("th", "number", "Time to boot"), Of("th", "number", "Instructions"), Of("th", "number", "Million per second"), Of("th", "number", "Spent translating"), Of("th", "number", "Exits per second"))),
                El(
                    "tbody",
                    engines.Select((e, i) => El(
                        "tr",
                        El("th", At("scope", "row"), Of("span", "swatch " + colours[i].Colour, " "), e.Engine),
                        Of("td", "number", Text($"{e.Efficiency!.Seconds:0.00} s")),
                        Of("td", "number", e.Efficiency.Native < 0 ? "–" : Text($"{e.Efficiency.Instructions:#,0}")),
                        Of("td", "number", e.Efficiency.Mips > 0 ? Number(e.Efficiency.Mips) : "–"),
                        Of("td", "number", e.Efficiency.Seconds > 0 ? Share(e.Efficiency.TranslationSeconds / e.Efficiency.Seconds) : "–"),
                        Of("td", "number", Number(e.Efficiency.ExitsPerSecond)))))));

    private static XElement Exits(EngineProperties[] engines, IReadOnlyList<(string Name, string Colour)> colours)
    {
        double Rate(EngineProperties engine, string cause)
            => engine.Efficiency is { Seconds: > 0 } e && e.ExitsByCause.TryGetValue(cause, out long count) ? count / e.Seconds : -1;

        string[] causes = [.. engines.SelectMany(static e => e.Efficiency!.ExitsByCause.Keys).Distinct().OrderByDescending(c => engines.Max(e => Rate(e, c)))];
        if (causes.Length == 0)
        {
            return Of("p", "remark", "No engine counts its exits.");
        }

        double[] rates = [.. engines.SelectMany(e => causes.Select(c => Rate(e, c))).Where(static r => r > 0)];
        var chart = new LogChart(rates, 1, static v => v >= 1e6 ? Text($"{v / 1e6:0}M") : v >= 1e3 ? Text($"{v / 1e3:0}k") : Text($"{v:0}"));
        return chart.Draw("Exits per second by cause", causes.Select(c => (c, (string?)null, (IReadOnlyList<double>)[.. engines.Select(e => Rate(e, c))])), colours, static v => v is > 0 and < 0.1 ? "< 0.1" : Number(v));
    }

    private static XElement Slowdowns(EngineProperties[] engines, IReadOnlyList<(string Name, string Colour)> colours)
    {
        IReadOnlyList<KernelFigures> kernels = engines[0].Efficiency!.Kernels;
        IEnumerable<double> all = engines.SelectMany(static e => e.Efficiency!.Kernels).Select(static k => k.Slowdown);
        var chart = new LogChart(all, all.DefaultIfEmpty(1).Min() < 1 ? 0.1 : 1, static v => Text($"{v:0.##} ×"));
        return chart.Draw(
            "Time against the host's processor",
            [
                .. kernels.Select((k, i) => (k.Name, (string?)k.Description, (IReadOnlyList<double>)[.. engines.Select(e => e.Efficiency!.Kernels[i].Slowdown)])),
                ("geometric mean", null, [.. engines.Select(static e => e.Efficiency!.MeanSlowdown)]),
            ],
            colours,
            static v => Text($"{Number(v)} ×"));
    }
}
