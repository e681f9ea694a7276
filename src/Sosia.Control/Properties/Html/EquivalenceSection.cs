using System.Collections.Generic;
using System.Linq;
using System.Xml.Linq;
using Sosia.Control.Properties.Equivalence;
using static Sosia.Control.Properties.Html.Markup;

namespace Sosia.Control.Properties.Html;

/// <summary>How much was compared, and what differed.</summary>
internal static class EquivalenceSection
{
    public static XElement Write(PropertiesReport report, EngineProperties[] engines, IReadOnlyList<(string Name, string Colour)> colours)
        => Of(
            "section",
            "part",
            At("id", "equivalence"),
            El("h2", "Equivalence"),
            El(
                "p",
                $"Two machines of the same description run side by side, one under the {report.Reference}, one under the engine in question. Time is the number of instructions, so that both must have the same history. Every few thousand instructions all registers and the console are compared, every few million the whole memory and all devices. A difference is traced to the first instruction after which it shows."),
            engines.Any(static e => e.Equivalence?.Method == EquivalenceMethod.Transcript)
                ? El("p", $"An engine under which nobody counts instructions cannot be held to the same history. For it the guest boots in real time, twice under the {report.Reference} and once under the engine: whatever line both of the first boots wrote to the console, numbers aside, the third must have written, and it must have ended in the same way. That says less: what the guest does not write is not compared.")
                : null,
            Of(
                "div",
                "scroll",
                El(
                    "table",
                    El("thead", El("tr", El("th", "Engine"), El("th", "Verdict"), Of("th", "number", "Instructions"), Of("th", "number", "Comparisons"), Of("th", "number", "of everything"), Of("th", "number", "Console lines"), Of("th", "number", "Divergences"), Of("th", "number", "Programs as on the host"))),
                    El("tbody", engines.Select((e, i) => Row(e, colours[i].Colour))))),
            engines.Select((e, i) => Of("p", "remark " + colours[i].Colour, El("b", e.Engine), ": ", e.Equivalence!.Summary)),
            engines.Where(static e => e.Equivalence?.Report is not null).Select(static e => El(
                "details",
                At("open", "open"),
                El("summary", $"Where the {e.Engine} differs"),
                El("pre", e.Equivalence!.Report))),
            Of("p", "limits", $"What this does not prove: that the {report.Reference} is right (its instructions are tested against real processors elsewhere), and anything about code that this guest did not execute. The last column compares with the processor of this host: the compute programs below must leave the same sums."));

    private static XElement Row(EngineProperties engine, string colour)
    {
        EquivalenceResult result = engine.Equivalence!;
        bool isCounted = result.Method is EquivalenceMethod.Lockstep or EquivalenceMethod.Repeatability;
        int equal = engine.Efficiency!.Kernels.Count(static k => k.IsSumEqual);
        return El(
            "tr",
            El("th", At("scope", "row"), Of("span", "swatch " + colour, " "), engine.Engine),
            El("td", Verdict(SummarySection.EquivalenceHolds(engine), SummarySection.EquivalenceWord(engine))),
            Of("td", "number", isCounted ? Text($"{result.Instructions:#,0}") : "–"),
            Of("td", "number", isCounted ? Text($"{result.Comparisons:#,0}") : "–"),
            Of("td", "number", isCounted ? Text($"{result.FullComparisons:#,0}") : "–"),
            Of("td", "number", result.Method == EquivalenceMethod.Transcript ? Text($"{result.Lines:#,0}") : "–"),
            Of("td", "number", result.Holds switch { true => "0", false => "1", null => "–" }),
            Of("td", "number", $"{equal} of {engine.Efficiency.Kernels.Count}"));
    }
}
