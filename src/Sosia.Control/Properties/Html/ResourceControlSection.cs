using System.Collections.Generic;
using System.Linq;
using System.Xml.Linq;
using Sosia.Control.Properties.ResourceControl;
using static Sosia.Control.Properties.Html.Markup;

namespace Sosia.Control.Properties.Html;

/// <summary>The checklist of hostile guests.</summary>
internal static class ResourceControlSection
{
    public static XElement Write(EngineProperties[] engines, IReadOnlyList<(string Name, string Colour)> colours)
        => Of(
            "section",
            "part",
            At("id", "resource-control"),
            El("h2", "Resource control"),
            El(
                "p",
                Text($"{engines[0].ResourceControl.Count} small guests, a few hundred bytes of machine code each, try to get beyond their machine. They were run when this page was made, under every engine. Each is judged by what is seen afterwards; in addition, guest memory lies between two fences of the host's memory, and a changed byte there fails the test. Open a line to read what was tried and what was seen.")),
            engines[0].ResourceControl.GroupBy(static r => r.Target).Select(group => Of(
                "div",
                "checklist",
                El("h3", TitleOf(group.Key)),
                group.Select(test => Test(test, engines, colours)))),
            Of("p", "limits", "What this does not prove: that no other guest gets through. It shows that these do not."));

    private static XElement Test(IsolationResult test, EngineProperties[] engines, IReadOnlyList<(string Name, string Colour)> colours)
    {
        IsolationResult[] results = [.. engines.Select(e => e.ResourceControl.First(r => r.Name == test.Name))];
        return El(
            "details",
            results.All(static r => r.Passed) ? null : At("open", "open"),
            El(
                "summary",
                Of("span", "test", test.Name),
                Of("span", "marks", results.Select((r, i) => Of("span", "who", Of("span", "engine", engines[i].Engine), Mark(r.Passed, $"{engines[i].Engine}: {(r.Passed ? "passed" : "got through")}"))))),
            Of("p", "attempt", test.Attempt),
            Of("p", "judged", El("b", "Passed if: "), test.Judged),
            Of("ul", "evidence", results.Select((r, i) => El("li", Of("span", "swatch " + colours[i].Colour, " "), El("b", engines[i].Engine), ": ", r.Evidence, Of("span", "time", Text($" ({r.Milliseconds:0} ms)"))))));
    }

    private static string TitleOf(IsolationTarget target) => target switch
    {
        IsolationTarget.Privilege => "The kernel's privileges",
        IsolationTarget.Memory => "Memory",
        IsolationTarget.Devices => "Devices",
        IsolationTarget.Time => "Processor time",
        _ => "Code that changes",
    };
}
