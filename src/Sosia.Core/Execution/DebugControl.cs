using System;
using System.Collections.Generic;

namespace Sosia.Core.Execution;

/// <summary>What a debugger outside the guest wants of a vCPU. The guest sees nothing of it.</summary>
public sealed record DebugControl
{
    /// <summary>Nothing.</summary>
    public static readonly DebugControl None = new();

    private readonly IReadOnlyList<ulong> _breakpoints = [];
    private readonly IReadOnlyList<Watchpoint> _watchpoints = [];

    /// <summary>True to stop after every instruction.</summary>
    public bool IsSingleStep { get; init; }

    /// <summary>
    /// Linear addresses of instructions before which the vCPU stops. One that stands at such an address stops again at once: whoever goes on executes
    /// that instruction first (<see cref="RunLimits"/>, one instruction). Engines may have fewer than are wanted.
    /// </summary>
    public IReadOnlyList<ulong> Breakpoints
    {
        get => _breakpoints;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            _breakpoints = value;
        }
    }

    /// <summary>Memory whose access stops the vCPU after the instruction that made it. Engines may have none.</summary>
    public IReadOnlyList<Watchpoint> Watchpoints
    {
        get => _watchpoints;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            _watchpoints = value;
        }
    }
}
