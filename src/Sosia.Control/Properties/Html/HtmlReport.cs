namespace Sosia.Control.Properties.Html;

/// <summary>x</summary>
public static class HtmlReport
{
    /// <summary>x</summary>
    public static string Of(PropertiesReport report) => report.Guest;
}
