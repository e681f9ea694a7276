using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sosia.Theory.Reports;

/// <summary>A classification as one JSON object, with the names of the classes' properties in camel case.</summary>
public static partial class JsonReport
{
    /// <summary>Writes it.</summary>
    public static void Write(Classification classification, TextWriter output)
        => output.Write(JsonSerializer.Serialize(JsonClassification.From(classification), ReportJsonContext.Default.JsonClassification) + "\n");

    [JsonSourceGenerationOptions(WriteIndented = true, NewLine = "\n", PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
    [JsonSerializable(typeof(JsonClassification))]
    private sealed partial class ReportJsonContext : JsonSerializerContext;
}
