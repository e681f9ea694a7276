using System.Collections.Generic;
using Sosia.Core.Execution;

namespace Sosia.Engines.Kvm;

/// <summary>How often a processor's guest code was left, by cause. Its own thread counts; anybody may read, and then sees counts that are a little old.</summary>
internal sealed class ExitCounters
{
    private static readonly string[] Names =
    [
        ExitCause.Port, ExitCause.DeviceMemory, ExitCause.Halt, "interrupt window", "model-specific register", ExitCause.Kick, "emulation failure", "end of interrupt", "debug",
        "shutdown", "other",
    ];

    private readonly long[] _counts = new long[Names.Length];

    public enum Cause
    {
        Port,
        Mmio,
        Halt,
        InterruptWindow,
        Msr,
        Kick,
        EmulationFailure,
        EndOfInterrupt,
        Debug,
        Shutdown,
        Other,
    }

    /// <summary>Counts one.</summary>
    public void Count(Cause cause) => _counts[(int)cause]++;

    /// <summary>How many there were for a reason.</summary>
    public long this[Cause cause] => _counts[(int)cause];

    /// <summary>Adds the counts to a table by name.</summary>
    public void AddTo(Dictionary<string, long> sums)
    {
        for (int i = 0; i < Names.Length; i++)
        {
            if (_counts[i] != 0)
            {
                sums[Names[i]] = sums.GetValueOrDefault(Names[i]) + _counts[i];
            }
        }
    }
}
