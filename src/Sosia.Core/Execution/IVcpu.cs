using System;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Core.Execution;

/// <summary>A virtual CPU: architectural state and nothing of how it advances. Each ISA has its own implementation.</summary>
public interface IVcpu : IInstructionCounter, ICpuInterruptPort, ISnapshotable
{
    /// <summary>Its number in the machine, from 0.</summary>
    int Index { get; }

    /// <summary>The ISA's name as the command line spells it ("x86", "m68k", "ppc").</summary>
    string IsaName { get; }

    /// <summary>How often an engine has looked at its events, at instruction boundaries. Readable from any thread; a full fence comes with each.</summary>
    long BoundariesPassed { get; }

    /// <summary>Called after an event was posted, on the thread that posted it; null for nobody.</summary>
    Action? Posted { get; set; }

    /// <summary>Makes the engine that runs it look at its events at the next instruction boundary. Callable from any thread.</summary>
    void RequestAttention();

    /// <summary>Makes the engine that runs it return at the next instruction boundary. Callable from any thread.</summary>
    void Kick();

    /// <summary>Puts the architectural state to its power-on values.</summary>
    void Reset();
}
