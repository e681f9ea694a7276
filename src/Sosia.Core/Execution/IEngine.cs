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
    /// True when it knows how many instructions it executes: then budgets are exact and the deterministic clock is possible. False for an engine that lets
    /// the host's processor run the guest: it wants a thread per vCPU and runs until somebody kicks the vCPU, unless it is given a budget.
    /// </summary>
    bool CountsInstructions => true;

    /// <summary>Tells it, once and before the first run, which machine it will run. Engines that know nothing but vCPUs ignore it.</summary>
    /// <param name="machine">The machine; it outlives the engine.</param>
    /// <exception cref="SosiaException">The engine cannot run such a machine on this host.</exception>
    void Attach(IMachineHardware machine)
    {
    }

    /// <summary>
    /// Leaves the whole state of the machine where everybody finds it: in the vCPUs and devices. Called when all vCPUs have stopped, before anything
    /// but <see cref="Run"/> needs them.
    /// </summary>
    void LeaveMachine()
    {
    }

    /// <summary>Tells it that the whole state of the machine was replaced by a saved one, whose guest may have been started elsewhere. No vCPU runs.</summary>
    void MachineRestored()
    {
    }

    /// <summary>Says what a debugger outside the guest wants of a vCPU; it then stops with <see cref="ExitReason.DebugEvent"/>.</summary>
    /// <param name="vcpu">The vCPU; it does not run.</param>
    /// <param name="control">What is wanted, in the place of what was before.</param>
    /// <returns>False when the engine has no such thing.</returns>
    bool TrySetDebug(IVcpu vcpu, DebugControl control) => false;

    /// <summary>Runs a vCPU until something happens.</summary>
    /// <param name="vcpu">A vCPU of an ISA that this engine supports; only one thread runs a vCPU at a time.</param>
    /// <param name="limits">The budget.</param>
    /// <returns>Why it stopped.</returns>
    ExitReason Run(IVcpu vcpu, in RunLimits limits);
}
