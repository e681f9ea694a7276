using System.Collections.Generic;
using Sosia.Core.Execution;
using Sosia.Isa.X86;

namespace Sosia.Engines.Interpreter;

/// <summary>
/// Why guest code was left for the VMM while one engine ran a CPU. The CPU counts its own slow paths; what they come to between the begin and the end of each
/// run is this engine's.
/// </summary>
internal sealed unsafe class ExitCounts(X86Cpu cpu)
{
    private long _ports;
    private long _deviceMemory;
    private long _interrupts;
    private long _tlbMisses;
    private long _halts;
    private long _kicks;
    private long _budgets;

    /// <summary>Faults delivered to the guest.</summary>
    public long Faults { get; set; }

    /// <summary>A run begins.</summary>
    public void Begin() => AddMarks(-1);

    /// <summary>It has ended.</summary>
    public void End(ExitReason reason)
    {
        AddMarks(1);
        switch (reason)
        {
            case ExitReason.Halted:
                _halts++;
                break;
            case ExitReason.Kicked:
                _kicks++;
                break;
            case ExitReason.BudgetUsed:
                _budgets++;
                break;
            default:
                break;
        }
    }

    /// <summary>Adds the counts to sums.</summary>
    public void AddTo(Dictionary<string, long> sums)
    {
        Add(sums, ExitCause.TlbMiss, _tlbMisses);
        Add(sums, ExitCause.Port, _ports);
        Add(sums, ExitCause.DeviceMemory, _deviceMemory);
        Add(sums, ExitCause.Fault, Faults);
        Add(sums, ExitCause.Interrupt, _interrupts);
        Add(sums, ExitCause.Halt, _halts);
        Add(sums, ExitCause.Kick, _kicks);
        Add(sums, ExitCause.Budget, _budgets);
    }

    /// <summary>Adds a count to sums; 0 leaves no trace.</summary>
    public static void Add(Dictionary<string, long> sums, string cause, long count)
    {
        if (count != 0)
        {
            sums[cause] = sums.GetValueOrDefault(cause) + count;
        }
    }

    private void AddMarks(int sign)
    {
        _ports += sign * cpu.PortAccesses;
        _deviceMemory += sign * cpu.DeviceMemoryAccesses;
        _interrupts += sign * cpu.InterruptsTaken;
        // SAFETY: the state lives as long as the CPU.
        _tlbMisses += sign * cpu.State->TlbMisses;
    }
}
