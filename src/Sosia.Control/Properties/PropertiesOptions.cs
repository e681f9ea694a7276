using System;
using System.Collections.Generic;
using Sosia.Core.Execution;
using Sosia.Machines;

namespace Sosia.Control.Properties;

/// <summary>What the report on the three properties is to be about, and how much work it may make.</summary>
public sealed record PropertiesOptions
{
    /// <summary>The guest's machine; its disks keep their contents.</summary>
    public required MachineOptions Machine { get; init; }

    /// <summary>The guest's name in the report.</summary>
    public required string GuestName { get; init; }

    /// <summary>Console text that says that the guest has booted; null when nothing is known, and then it runs for <see cref="MaxInstructions"/>.</summary>
    public string? Prompt { get; init; }

    /// <summary>What is typed at <see cref="Prompt"/> so that the guest powers off; null ends runs at the prompt.</summary>
    public string? AtPrompt { get; init; }

    /// <summary>The engines, in the order of the report.</summary>
    public required IReadOnlyList<EngineChoice> Engines { get; init; }

    /// <summary>The engine that others are compared with. Its budget must be exact.</summary>
    public string Reference { get; init; } = "interpreter";

    /// <summary>Makes an engine by its name.</summary>
    public Func<string, IEngine> CreateEngine { get; init; } = static name => EngineRegistry.Create(name);

    /// <summary>Where lockstep stops, in instructions.</summary>
    public long MaxInstructions { get; init; } = 200_000_000;

    /// <summary>How long a run of a compute program in a guest is to take at least: shorter runs are less exact.</summary>
    public TimeSpan KernelTime { get; init; } = TimeSpan.FromMilliseconds(120);

    /// <summary>How many runs of each compute program the shortest is taken from; at least 1.</summary>
    public int KernelRuns { get; init; } = 5;

    /// <summary>How much host time one run of the guest gets.</summary>
    public TimeSpan GuestTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Is told what is being done.</summary>
    public Action<string>? Progress { get; init; }
}
