using System.Text.Json.Serialization;

namespace Sosia.Control.Properties.Equivalence;

/// <summary>What came of comparing an engine with the reference.</summary>
public sealed record EquivalenceResult
{
    /// <summary>How they were compared.</summary>
    public required EquivalenceMethod Method { get; init; }

    /// <summary>True when no difference was found; null when nothing was compared.</summary>
    public required bool? Holds { get; init; }

    /// <summary>Instructions that both retired; 0 where they are not counted.</summary>
    public long Instructions { get; init; }

    /// <summary>How often processors and console were compared.</summary>
    public long Comparisons { get; init; }

    /// <summary>How often RAM, devices and clock were compared too.</summary>
    public long FullComparisons { get; init; }

    /// <summary>Console lines that were compared, where the console is what is compared.</summary>
    public int Lines { get; init; }

    /// <summary>How the run ended.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<StopReason>))]
    public StopReason End { get; init; }

    /// <summary>Host seconds that it took.</summary>
    public double Seconds { get; init; }

    /// <summary>One sentence: what was compared, and with what outcome.</summary>
    public required string Summary { get; init; }

    /// <summary>The first difference in detail; null for none.</summary>
    public string? Report { get; init; }
}
