using System.Text.Json.Serialization;

namespace Sosia.Control.Properties.Equivalence;

/// <summary>How an engine was compared with the reference.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EquivalenceMethod>))]
public enum EquivalenceMethod
{
    /// <summary>Side by side, instruction by instruction in the same deterministic time.</summary>
    Lockstep,

    /// <summary>The reference against itself: shows that a run can be repeated, not that it is right.</summary>
    Repeatability,

    /// <summary>By what the guest wrote to its console, because the engine cannot count instructions out.</summary>
    Transcript,

    /// <summary>Not at all: the engine cannot count instructions out, and the guest has no prompt to run to.</summary>
    None,
}
