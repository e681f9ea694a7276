using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace Sosia.Control.Properties;

/// <summary>Popek and Goldberg's three properties, measured for each engine on one guest and one host.</summary>
public sealed record PropertiesReport
{
    /// <summary>The guest's name.</summary>
    public required string Guest { get; init; }

    /// <summary>The version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>The host.</summary>
    public required HostFacts Host { get; init; }

    /// <summary>The engine that others are compared with.</summary>
    public required string Reference { get; init; }

    /// <summary>Where lockstep stops, in instructions.</summary>
    public required long MaxInstructions { get; init; }

    /// <summary>The engines.</summary>
    public required IReadOnlyList<EngineProperties> Engines { get; init; }

    /// <summary>True when no engine was seen to differ from the reference.</summary>
    public bool AreEquivalent => Engines.All(static e => e.IsEquivalent);

    /// <summary>True when every isolation test was passed under every engine.</summary>
    public bool AreInControl => Engines.All(static e => e.IsInControl);

    /// <summary>All of it as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, PropertiesJsonContext.Default.PropertiesReport) + "\n";
}
