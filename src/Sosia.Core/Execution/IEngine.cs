using System;

namespace Sosia.Core.Execution;

/// <summary>
/// A technique by which vCPUs advance. Any engine runs any machine whose ISA it supports, can take over at any instruction boundary,
/// and leaves the same architectural state behind.
/// </summary>
public interface IEngine : IDisposable
{
    /// <summary>The name that the command line uses.</summary>
    string Name { get; }

    /// <summary>What it has done so far, over all CPUs.</summary>
    EngineCounters Counters { get; }

    /// <summary>True when several threads may run a vCPU each, outside deterministic time; false when one thread runs them in turns.</summary>
    bool RunsCpusInParallel => false;

    /// <summary>
    /// True when <see cref="RunLimits.MaxInstructions"/> is exact to the instruction, which deterministic time and lockstep need; false when instructions
    /// cannot be counted out, as under hardware virtualization.
    /// </summary>
    bool HasExactBudget => true;

    /// <summary>Runs a vCPU until something happens.</summary>
    /// <param name="vcpu">A vCPU of an ISA that this engine supports; only one thread runs a vCPU at a time.</param>
    /// <param name="limits">The budget.</param>
    ExitReason Run(IVcpu vcpu, in RunLimits limits);
}
