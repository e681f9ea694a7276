using System.Collections.Generic;
using System.Linq;
using System.Xml.Linq;
using static Sosia.Control.Properties.Html.Markup;

namespace Sosia.Control.Properties.Html;

/// <summary>One bar that is divided into parts of a whole.</summary>
internal static class ShareBar
{
    private const int Height = 34;

    /// <summary>Draws it.</summary>
    /// <param name="title">For whoever cannot see it.</param>
    /// <param name="parts">Each part's name, its colour's class and its share; they add up to 1.</param>
    public static XElement Draw(string title, IEnumerable<(string Name, string Colour, double Share)> parts)
    {
        List<(string Name, string Colour, double Share)> list = [.. parts.Where(static p => p.Share > 0)];
        var svg = Shape(
            "svg",
            At("class", "share"),
            At("width", "100%"),
            At("height", Height),
            At("role", "img"),
            At("aria-label", $"{title}: {string.Join(", ", list.Select(static p => $"{Share(p.Share)} {p.Name}"))}"));
        double from = 0;
        foreach ((string name, string colour, double share) in list)
        {
            svg.Add(Shape("rect", At("class", colour), Percent("x", 100 * from), At("y", 0), Percent("width", 100 * share), At("height", Height), Shape("title", $"{name}: {Share(share)}")));
            if (share > 0.12)
            {
                svg.Add(Shape("text", At("class", "on " + colour), Percent("x", (100 * from) + (50 * share)), At("y", (Height / 2) + 5), At("text-anchor", "middle"), Share(share)));
            }

            from += share;
        }

        return svg;
    }
}
