using System;
using Sosia.Core.Execution;
using Sosia.Engines.Recompiler;
using Sosia.Machines;

namespace Sosia.Control.Lockstep;

/// <summary>What two engines are to run side by side, and how closely they are watched.</summary>
public sealed record LockstepOptions
{
    /// <summary>The machine; it runs under the deterministic clock whatever it says, and its disks keep their contents.</summary>
    public required MachineOptions Machine { get; init; }

    /// <summary>The engine that is believed.</summary>
    public string Reference { get; init; } = "interpreter";

    /// <summary>The engine that is examined.</summary>
    public string Tested { get; init; } = "recompiler";

    /// <summary>How the recompiler is to run, where it is one of the two.</summary>
    public RecompilerOptions Recompiler { get; init; } = RecompilerOptions.Default;

    /// <summary>Makes the engines, also those that narrow a difference down.</summary>
    public Func<string, RecompilerOptions, IEngine> CreateEngine { get; init; } = static (name, options) => EngineRegistry.Create(name, options);

    /// <summary>Instructions between two comparisons of processors and console; a prime number falls on every position in blocks.</summary>
    public long Every { get; init; } = 4999;

    /// <summary>Instructions between two comparisons of everything: RAM and devices too.</summary>
    public long EverythingEvery { get; init; } = 5_000_000;

    /// <summary>Instructions between two saved states, from one of which a difference is looked for.</summary>
    public long SaveEvery { get; init; } = 100_000_000;

    /// <summary>Where to stop, in instructions.</summary>
    public long MaxInstructions { get; init; } = long.MaxValue;

    /// <summary>Host time after which it stops.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Console text at which <see cref="AtPrompt"/> is typed; null for none.</summary>
    public string? Prompt { get; init; }

    /// <summary>What is typed at <see cref="Prompt"/>; null ends the run there.</summary>
    public string? AtPrompt { get; init; }

    /// <summary>Is told, now and then, how far it has come.</summary>
    public Action<string>? Progress { get; init; }
}
