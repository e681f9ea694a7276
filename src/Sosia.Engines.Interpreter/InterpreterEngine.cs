using System;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Isa.X86;

namespace Sosia.Engines.Interpreter;

/// <summary>
/// The technique "interpretation": guest code is decoded once into blocks of pre-decoded operations, whose handlers are called one after
/// the other. Faults are precise, events are looked at between blocks, and the count of retired instructions is exact.
/// </summary>
public sealed unsafe class InterpreterEngine : IEngine
{
    private readonly Dictionary<X86Cpu, BlockRunner> _runners = [];

    /// <inheritdoc/>
    public string Name => "interpreter";

    /// <inheritdoc/>
    public EngineCounters Counters => new(BlocksBuilt, 0) { CacheFlushes = CacheFlushes, ExitsByCause = ExitsByCause() };

    /// <summary>Blocks decoded so far, over all CPUs.</summary>
    public long BlocksBuilt => Sum(static c => c.Cache.BlocksBuilt);

    /// <summary>Blocks dropped because their code was written, over all CPUs.</summary>
    public long BlocksVoided => Sum(static c => c.Cache.BlocksVoided);

    /// <summary>How often a full cache was emptied, over all CPUs.</summary>
    public long CacheFlushes => Sum(static c => c.Cache.Flushes);

    /// <inheritdoc/>
    public ExitReason Run(IVcpu vcpu, in RunLimits limits)
    {
        if (vcpu is not X86Cpu cpu)
        {
            throw new SosiaException($"The interpreter cannot run a {vcpu.IsaName} processor.");
        }

        if (!_runners.TryGetValue(cpu, out BlockRunner? runner))
        {
            runner = new BlockRunner(cpu);
            _runners.Add(cpu, runner);
        }

        return runner.Run(limits.MaxInstructions);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BlockRunner runner in _runners.Values)
        {
            runner.Dispose();
        }

        _runners.Clear();
    }

    private Dictionary<string, long> ExitsByCause()
    {
        Dictionary<string, long> sums = [];
        foreach (BlockRunner runner in _runners.Values)
        {
            runner.Exits.AddTo(sums);
            ExitCounts.Add(sums, ExitCause.Decoding, runner.Cache.BlocksBuilt);
        }

        return sums;
    }

    private long Sum(Func<BlockRunner, long> value)
    {
        long sum = 0;
        foreach (BlockRunner runner in _runners.Values)
        {
            sum += value(runner);
        }

        return sum;
    }
}
