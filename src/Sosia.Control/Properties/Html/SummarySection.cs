using System.Collections.Generic;
using System.Linq;
using System.Xml.Linq;
using Sosia.Control.Properties.Equivalence;
using static Sosia.Control.Properties.Html.Markup;

namespace Sosia.Control.Properties.Html;

/// <summary>What the three properties mean, and a card for each engine with its verdicts.</summary>
internal static class SummarySection
{
    public static object[] Write(PropertiesReport report, EngineProperties[] engines, IReadOnlyList<(string Name, string Colour)> colours) =>
    [
        Of(
            "section",
            "meanings",
            At("aria-label", "The three properties"),
            Meaning("Equivalence", "M5 9 H19 M5 15 H19", "A program behaves as it would on the real machine. Only its speed, and how much of a resource there is, may differ."),
            Meaning("Resource control", "M12 3 L20 6 V12 C20 16.5 16.5 19.8 12 21 C7.5 19.8 4 16.5 4 12 V6 Z", "The monitor owns every resource. A guest gets what it was given, cannot touch the rest, and what it was given can be taken back."),
            Meaning("Efficiency", "M13 3 L5 14 H11 L10 21 L19 9.5 H13 Z", "Most instructions are executed by the processor itself. That is what tells a virtual machine from a simulator.")),
        Of(
            "section",
            "cards",
            At("aria-label", "The engines"),
            engines.Select((e, i) => Card(e, colours[i].Colour)),
            report.Engines.Where(static e => e.WhyNot is not null).Select(static e => Of(
                "article",
                "card absent",
                El("h2", e.Engine),
                Of("p", "what", e.Description),
                Of("p", "why", Mark(null, "cannot run here"), El("span", $"Cannot run on this host: {e.WhyNot}."))))),
    ];

    /// <summary>What the comparison with the reference came to, in a word or two.</summary>
    public static string EquivalenceWord(EngineProperties engine) => engine.Equivalence switch
    {
        null or { Holds: null } => "not examined",
        _ when !engine.IsEquivalent => "fails",
        { Method: EquivalenceMethod.Repeatability } => "the reference",
        { Method: EquivalenceMethod.Transcript } => "by console",
        _ => "holds",
    };

    /// <summary>Whether no difference was found; null when nothing was compared.</summary>
    public static bool? EquivalenceHolds(EngineProperties engine) => !engine.IsEquivalent ? false : engine.Equivalence?.Holds;

    private static XElement Meaning(string name, string icon, string text)
        => Of(
            "div",
            "meaning",
            Shape("svg", At("class", "icon"), At("viewBox", "0 0 24 24"), At("width", "28"), At("height", "28"), At("aria-hidden", "true"), Shape("path", At("d", icon))),
            El("h2", name),
            El("p", text));

    private static XElement Card(EngineProperties engine, string colour)
        => Of(
            "article",
            "card " + colour,
            El("h2", engine.Engine),
            Of("p", "what", engine.Description),
            El(
                "dl",
                Line("Equivalence", Verdict(EquivalenceHolds(engine), EquivalenceWord(engine)), EquivalenceFigure(engine)),
                Line("Resource control", Verdict(engine.IsInControl, engine.IsInControl ? "holds" : "fails"), $"{engine.ResourceControl.Count(static r => r.Passed)} of {engine.ResourceControl.Count} isolation tests passed"),
                Line("Efficiency", Of("span", "big", Text($"{Number(engine.Efficiency!.MeanSlowdown)} ×")), "the time of the host's processor, on average over compute programs")));

    private static string EquivalenceFigure(EngineProperties engine) => engine.Equivalence switch
    {
        { Method: EquivalenceMethod.Lockstep or EquivalenceMethod.Repeatability } e => Text($"{e.Instructions:#,0} instructions compared, {(e.Holds == true ? 0 : 1)} divergences"),
        { Method: EquivalenceMethod.Transcript } e => $"{e.Lines} console lines compared",
        _ => "nothing to compare by",
    };

    private static XElement[] Line(string name, XElement verdict, string figure)
        => [El("dt", name), El("dd", verdict, Of("span", "figure", figure))];
}
