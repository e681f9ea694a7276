using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;
using static Sosia.Control.Properties.Html.Markup;

namespace Sosia.Control.Properties.Html;

/// <summary>The report as a page that needs nothing else: no scripts, no fonts, no network. It is well-formed XML, too.</summary>
public static class HtmlReport
{
    // Colours of engines, by their names, so that an engine has the same one in every report; others take what is left.
    private static readonly Dictionary<string, string> Colours = new() { ["interpreter"] = "c1", ["recompiler"] = "c2", ["kvm"] = "c3", ["direct"] = "c4" };

    /// <summary>Writes the page.</summary>
    public static string Write(PropertiesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        EngineProperties[] engines = [.. report.Engines.Where(static e => e.WhyNot is null)];
        (string Name, string Colour)[] colours = [.. engines.Select(static (e, i) => (e.Engine, Colours.GetValueOrDefault(e.Engine, $"c{5 + (i % 2)}")))];
        XElement page = El(
            "html",
            At("lang", "en"),
            El(
                "head",
                El("meta", At("charset", "utf-8")),
                El("meta", At("name", "viewport"), At("content", "width=device-width, initial-scale=1")),
                El("meta", At("name", "color-scheme"), At("content", "light dark")),
                El("title", $"Three properties of a virtual machine: {report.Guest}"),
                El("style", Style())),
            El(
                "body",
                Header(report),
                El(
                    "main",
                    SummarySection.Write(report, engines, colours),
                    engines.Length == 0 ? null : new object[]
                    {
                        EquivalenceSection.Write(report, engines, colours),
                        ResourceControlSection.Write(engines, colours),
                        EfficiencySection.Write(report, engines, colours),
                    },
                    ReproductionSection.Write(report)),
                El("footer", El("p", $"Written by Sosia {report.Version} on {report.Date:yyyy-MM-dd}. Figures are of one run on one host; ratios count, single times do not."))));
        return "<!DOCTYPE html>\n" + page.ToString(SaveOptions.DisableFormatting) + "\n";
    }

    private static XElement Header(PropertiesReport report)
        => El(
            "header",
            Of("p", "kicker", "Sosia · one machine, every way of running it"),
            El("h1", "Three properties of a virtual machine"),
            Of(
                "p",
                "lead",
                "In 1974 Gerald Popek and Robert Goldberg said what a virtual machine is: an efficient, isolated duplicate of the real machine. Each word is a property, and each can be put to the test. Here it was, for every engine that runs the same guest on this host."),
            Of("p", "facts", Fact("guest", report.Guest), Fact("host", report.Host.Processor), Fact("date", Text($"{report.Date:d MMMM yyyy}"))));

    private static XElement Fact(string name, string value) => Of("span", "fact", Of("span", "label", name), " ", value);

    private static string Style()
    {
        using Stream stream = typeof(HtmlReport).Assembly.GetManifestResourceStream("Sosia.Control.Properties.Html.report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
