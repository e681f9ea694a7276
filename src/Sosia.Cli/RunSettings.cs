using System;
using System.Collections.Generic;
using Sosia.Engines.Kvm;
using Sosia.Engines.Recompiler;
using Sosia.Machines;

namespace Sosia.Cli;

/// <summary>Everything that the arguments of <c>sosia run</c> say.</summary>
internal sealed record RunSettings
{
    /// <summary>The machine, without what is connected to its serial ports.</summary>
    public required MachineOptions Machine { get; init; }

    /// <summary>What is connected to the serial ports: "stdio", "none" or "file:F".</summary>
    public required IReadOnlyList<string> Serial { get; init; }

    /// <summary>Its sound; null for none.</summary>
    public SoundSettings? Sound { get; init; }

    /// <summary>Where its screen is shown.</summary>
    public DisplaySettings Display { get; init; } = DisplaySettings.None;

    /// <summary>Where the screen is written at the end; null for nowhere.</summary>
    public string? Screenshot { get; init; }

    /// <summary>Where the machine is saved when the run ends before it does; null for nowhere.</summary>
    public string? SaveFile { get; init; }

    /// <summary>The saved state that it starts with; null to start the guest.</summary>
    public string? RestoreFile { get; init; }

    /// <summary>How long it may run; null for ever.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The timeout as it was written.</summary>
    public string? TimeoutText { get; init; }

    /// <summary>Where the figures go; null for nowhere.</summary>
    public string? StatsFile { get; init; }

    /// <summary>What to trace; null for nothing.</summary>
    public TraceOptions? Trace { get; init; }

    /// <summary>What to write of translations; null for nothing.</summary>
    public LogOptions? Log { get; init; }

    /// <summary>Where to; null for standard error.</summary>
    public string? LogFile { get; init; }

    /// <summary>True to write perf's map of translations.</summary>
    public bool HasPerfMap { get; init; }

    /// <summary>How the recompiler runs, if it is the engine.</summary>
    public RecompilerOptions Recompiler { get; init; } = RecompilerOptions.Default;

    /// <summary>How KVM runs, if it is the engine.</summary>
    public KvmOptions Kvm { get; init; } = KvmOptions.Default;

    /// <summary>The engines that take turns by time, the first one first; null for one engine.</summary>
    public IReadOnlyList<string>? Turns { get; init; }

    /// <summary>How long each turn is.</summary>
    public TimeSpan TurnTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The seed by which engines take turns; null for one engine.</summary>
    public int? SwitchSeed { get; init; }

    /// <summary>True to report what the guest does wrong.</summary>
    public bool IsVerbose { get; init; }
}
