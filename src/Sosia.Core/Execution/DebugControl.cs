using System;
using System.Collections.Generic;

namespace Sosia.Core.Execution;

/// <summary>What a debugger outside the guest wants of a vCPU.</summary>
public sealed record DebugControl
{
    /// <summary>The most breakpoints that there can be.</summary>
    public const int MaxBreakpoints = 4;

    /// <summary>Nothing.</summary>
    public static readonly DebugControl None = new();

    private readonly IReadOnlyList<ulong> _breakpoints = [];

    /// <summary>True to stop after every instruction.</summary>
    public bool IsSingleStep { get; init; }

    /// <summary>Linear addresses of instructions before which the vCPU stops, at most <see cref="MaxBreakpoints"/>. The guest does not see them.</summary>
    public IReadOnlyList<ulong> Breakpoints
    {
        get => _breakpoints;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Count, MaxBreakpoints);
            _breakpoints = value;
        }
    }
}
