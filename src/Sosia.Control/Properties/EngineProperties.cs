using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Serialization;
using Sosia.Control.Properties.Efficiency;
using Sosia.Control.Properties.Equivalence;
using Sosia.Control.Properties.ResourceControl;

namespace Sosia.Control.Properties;

/// <summary>The three properties of one engine.</summary>
public sealed record EngineProperties
{
    /// <summary>The engine's name.</summary>
    public required string Engine { get; init; }

    /// <summary>What it does, in a few words.</summary>
    public required string Description { get; init; }

    /// <summary>Why it cannot run on this host; null when it can. Then there is nothing else.</summary>
    public string? WhyNot { get; init; }

    /// <summary>Whether the guest's history is the reference's.</summary>
    public EquivalenceResult? Equivalence { get; init; }

    /// <summary>The isolation tests.</summary>
    public IReadOnlyList<IsolationResult> ResourceControl { get; init; } = [];

    /// <summary>How fast it was.</summary>
    public EfficiencyResult? Efficiency { get; init; }

    /// <summary>True when all isolation tests were passed.</summary>
    [JsonPropertyOrder(1)]
    public bool IsInControl => ResourceControl.All(static r => r.Passed);

    /// <summary>True unless a difference was found, in the guest's history or in a compute program's result.</summary>
    [JsonPropertyOrder(1)]
    public bool IsEquivalent => Equivalence is not { Holds: false } && (Efficiency?.Kernels.All(static k => k.IsSumEqual) ?? true);
}
