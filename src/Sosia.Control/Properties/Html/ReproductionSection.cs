using System.Xml.Linq;
using static Sosia.Control.Properties.Html.Markup;

namespace Sosia.Control.Properties.Html;

/// <summary>What is needed to have the same figures again.</summary>
internal static class ReproductionSection
{
    public static XElement Write(PropertiesReport report)
        => Of(
            "section",
            "part",
            At("id", "repeat"),
            El("h2", "To repeat it"),
            El("pre", El("code", report.Command)),
            Of(
                "dl",
                "host",
                Line("Guest", report.Guest),
                Line("Processor", Text($"{report.Host.Processor}, {report.Host.ProcessorCount} usable")),
                Line("System", report.Host.System),
                Line("Sosia", $"{report.Version}; {report.Host.Program}"),
                Line("Compared", Text($"the guest's whole run, at most {report.MaxInstructions:#,0} instructions")),
                Line("Date", Text($"{report.Date:yyyy-MM-dd HH:mm} UTC{report.Date:zzz}"))),
            Of("p", "limits", "How each figure comes about is in docs/properties.md. The definitions are Popek and Goldberg’s, “Formal Requirements for Virtualizable Third Generation Architectures”, Communications of the ACM 17(7), 1974."));

    private static XElement[] Line(string name, string value) => [El("dt", name), El("dd", value)];
}
