using System;
using Sosia.Core.Execution;
using Sosia.Isa.X86;

namespace Sosia.Machines.Tests.Lockstep;

/// <summary>An engine with a fault of our making: right until an instruction has been retired, then something is changed.</summary>
internal sealed class CorruptingEngine(IEngine inner, long after, Action<X86Cpu> corrupt) : IEngine
{
    public string Name => "corrupting";

    public EngineCounters Counters => inner.Counters;

    public ExitReason Run(IVcpu vcpu, in RunLimits limits)
    {
        var cpu = (X86Cpu)vcpu;
        long left = after - cpu.RetiredInstructions;
        ExitReason reason = inner.Run(vcpu, new RunLimits(left > 0 ? Math.Min(limits.MaxInstructions, left) : limits.MaxInstructions));
        if (left > 0 && cpu.RetiredInstructions == after)
        {
            corrupt(cpu);
        }

        return reason;
    }

    public void Dispose() => inner.Dispose();
}
