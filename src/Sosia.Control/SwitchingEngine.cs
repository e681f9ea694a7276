using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Core.Execution;
using Sosia.Engines.Recompiler;

namespace Sosia.Control;

/// <summary>
/// Runs each vCPU now by one engine, now by another: the choice and the number of instructions until the next one are random, and follow from a
/// seed and the count of retired instructions alone, so that a run from a saved state changes in the same places. For proving that engines hand
/// over to each other at any instruction boundary; nothing may change by it.
/// </summary>
public sealed class SwitchingEngine : IEngine
{
    /// <summary>The name of an engine that switches among all that work on this host.</summary>
    public const string EngineName = "switching";

    // A change somewhere in each stretch of this many instructions.
    private const int Stretch = 3000;

    private readonly IReadOnlyList<IEngine> _engines;
    private readonly int _seed;
    private readonly Dictionary<IVcpu, int> _last = [];

    /// <summary>Creates an engine of several.</summary>
    /// <param name="engines">The engines; they are disposed of with this one.</param>
    /// <param name="seed">Determines all changes: two runs with the same one change at the same instructions.</param>
    public SwitchingEngine(IReadOnlyList<IEngine> engines, int seed)
    {
        ArgumentNullException.ThrowIfNull(engines);
        ArgumentOutOfRangeException.ThrowIfZero(engines.Count);
        _engines = engines;
        _seed = seed;
    }

    /// <inheritdoc/>
    public string Name => EngineName;

    /// <summary>How often another engine took over.</summary>
    public long SwitchCount { get; private set; }

    /// <inheritdoc/>
    public EngineCounters Counters
    {
        get
        {
            EngineCounters sum = default;
            foreach (EngineCounters counters in _engines.Select(static e => e.Counters))
            {
                sum = new EngineCounters(sum.Translations + counters.Translations, sum.HelperCalls + counters.HelperCalls)
                {
                    TranslatedInstructions = sum.TranslatedInstructions + counters.TranslatedInstructions,
                    TranslationNanoseconds = sum.TranslationNanoseconds + counters.TranslationNanoseconds,
                    InstructionsInHostCode = sum.InstructionsInHostCode + counters.InstructionsInHostCode,
                    CodeCacheByteCount = sum.CodeCacheByteCount + counters.CodeCacheByteCount,
                    CodeCacheUsedByteCount = sum.CodeCacheUsedByteCount + counters.CodeCacheUsedByteCount,
                    CacheFlushes = sum.CacheFlushes + counters.CacheFlushes,
                    CallsByMnemonic = counters.CallsByMnemonic ?? sum.CallsByMnemonic,
                    InstructionsNative = sum.InstructionsNative < 0 || counters.InstructionsNative < 0 ? -1 : sum.InstructionsNative + counters.InstructionsNative,
                    ExitsByCause = Sum(sum.ExitsByCause, counters.ExitsByCause),
                };
            }

            return sum;
        }
    }

    /// <summary>Creates an engine that switches among all that work on this host and count instructions.</summary>
    /// <param name="seed">Determines all changes.</param>
    /// <param name="recompiler">How the recompiler is to run; null for as usual.</param>
    public static SwitchingEngine CreateOfAll(int seed, RecompilerOptions? recompiler = null)
    {
        List<IEngine> engines = [];
        foreach ((string name, _, string? whyNot) in EngineRegistry.Describe())
        {
            IEngine? engine = whyNot is null ? EngineRegistry.Create(name, recompiler) : null;
            if (engine is { CountsInstructions: true })
            {
                engines.Add(engine);
            }
            else
            {
                engine?.Dispose();
            }
        }

        return new SwitchingEngine(engines, seed);
    }

    /// <inheritdoc/>
    public ExitReason Run(IVcpu vcpu, in RunLimits limits)
    {
        ArgumentNullException.ThrowIfNull(vcpu);
        long left = limits.MaxInstructions;
        while (true)
        {
            long before = vcpu.RetiredInstructions;
            (int engine, long until) = At(before);
            SwitchCount += engine == _last.GetValueOrDefault(vcpu, engine) ? 0 : 1;
            _last[vcpu] = engine;
            ExitReason reason = _engines[engine].Run(vcpu, new RunLimits(Math.Min(left, until - before)));
            left -= vcpu.RetiredInstructions - before;
            // An engine may also stop after as many faults as its budget has instructions.
            if (reason != ExitReason.BudgetUsed || left <= 0 || vcpu.RetiredInstructions < until)
            {
                return reason;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IEngine engine in _engines)
        {
            engine.Dispose();
        }
    }

    private static IReadOnlyDictionary<string, long>? Sum(IReadOnlyDictionary<string, long>? first, IReadOnlyDictionary<string, long>? second)
    {
        if (first is null || second is null)
        {
            return first ?? second;
        }

        var sums = new Dictionary<string, long>(first);
        foreach ((string cause, long count) in second)
        {
            sums[cause] = sums.GetValueOrDefault(cause) + count;
        }

        return sums;
    }

    // Which engine an instruction is for, and the first one that may be for another.
    private (int Engine, long Until) At(long instruction)
    {
        long stretch = instruction / Stretch;
        long change = ChangeIn(stretch);
        return instruction < change
            ? (EngineAfter(stretch - 1), change)
            : (EngineAfter(stretch), ChangeIn(stretch + 1));
    }

    private long ChangeIn(long stretch) => (stretch * Stretch) + (long)(Mix(stretch) % Stretch);

    private int EngineAfter(long stretch) => (int)((Mix(stretch) >> 32) % (ulong)_engines.Count);

    // The finalizer of MurmurHash3: every bit of the input changes every bit of the output.
    private ulong Mix(long stretch)
    {
        ulong x = ((ulong)stretch * 0x9e37_79b9_7f4a_7c15) + (ulong)_seed + 1;
        x = (x ^ (x >> 33)) * 0xff51_afd7_ed55_8ccd;
        x = (x ^ (x >> 33)) * 0xc4ce_b9fe_1a85_ec53;
        return x ^ (x >> 33);
    }
}
