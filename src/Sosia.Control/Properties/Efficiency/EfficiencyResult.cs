using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Serialization;

namespace Sosia.Control.Properties.Efficiency;

/// <summary>How efficiently an engine ran the guest, from power-on to its prompt, and the compute programs.</summary>
public sealed record EfficiencyResult
{
    /// <summary>How the guest's run ended: <see cref="StopReason.ConditionMet"/> at its prompt or at the limit.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<StopReason>))]
    public required StopReason End { get; init; }

    /// <summary>Host seconds that it took.</summary>
    public required double Seconds { get; init; }

    /// <summary>Guest instructions that are known to have retired.</summary>
    public required long Instructions { get; init; }

    /// <summary>Those executed directly by the host's processor; −1 when they cannot be counted.</summary>
    public required long Native { get; init; }

    /// <summary>Those executed by translated code.</summary>
    public required long Translated { get; init; }

    /// <summary>Those executed by the interpreter's routines.</summary>
    public required long Interpreted { get; init; }

    /// <summary>Host seconds spent on making host code, within <see cref="Seconds"/>.</summary>
    public required double TranslationSeconds { get; init; }

    /// <summary>How often guest code was left for the VMM, by cause, the most frequent first; empty when the engine does not count it.</summary>
    public required IReadOnlyDictionary<string, long> ExitsByCause { get; init; }

    /// <summary>The compute programs.</summary>
    public required IReadOnlyList<KernelFigures> Kernels { get; init; }

    /// <summary>Million guest instructions for each host second.</summary>
    public double Mips => Native < 0 || Seconds <= 0 ? 0 : Instructions / Seconds / 1e6;

    /// <summary>All exits for each host second.</summary>
    public double ExitsPerSecond => Seconds <= 0 ? 0 : ExitsByCause.Values.Sum() / Seconds;

    /// <summary>The geometric mean of the programs' slowdowns; 0 without programs.</summary>
    public double MeanSlowdown => Kernels.Count == 0 ? 0 : Math.Exp(Kernels.Average(static k => Math.Log(k.Slowdown)));
}
