using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;

namespace Sosia.Engines.Recompiler;

/// <summary>
/// The technique "dynamic recompilation": blocks that have run a few times become host code. Everything else – cold blocks, 16-bit code, rare
/// instructions, accesses off the fast path – is the interpreter's, at every instruction's boundary and with the same state.
/// </summary>
public sealed unsafe class RecompilerEngine : IEngine
{
    private readonly Dictionary<X86Cpu, (BlockRunner Runner, BlockTranslations Translations)> _cpus = [];
    private readonly RecompilerOptions _options;

    /// <summary>Creates the engine.</summary>
    /// <param name="options">What is to be other than usual; null for nothing.</param>
    /// <exception cref="SosiaException">An option is out of its range.</exception>
    public RecompilerEngine(RecompilerOptions? options = null)
    {
        _options = options ?? RecompilerOptions.Default;
        if (_options.CacheByteCount is < RecompilerOptions.MinCacheByteCount or > RecompilerOptions.MaxCacheByteCount)
        {
            throw new SosiaException($"A code cache of {_options.CacheByteCount} bytes is impossible; choose from 1M to 2G.");
        }
    }

    /// <inheritdoc/>
    public string Name => "recompiler";

    /// <inheritdoc/>
    /// <remarks>Somebody who watches translations sees them one after the other.</remarks>
    public bool RunsCpusInParallel => _options.Observer is null;

    /// <inheritdoc/>
    public EngineCounters Counters
    {
        get
        {
            EngineCounters sum = default;
            Dictionary<string, long> exits = [];
            long[] calls = new long[InstructionTable.Rows.Length];
            foreach ((BlockRunner runner, BlockTranslations cpu) in Contexts())
            {
                sum = new EngineCounters(sum.Translations + cpu.Translated, sum.HelperCalls + cpu.HelperCalls + cpu.SideExits)
                {
                    TranslatedInstructions = sum.TranslatedInstructions + cpu.TranslatedInstructions,
                    TranslationNanoseconds = sum.TranslationNanoseconds + cpu.TranslationNanoseconds,
                    InstructionsInHostCode = sum.InstructionsInHostCode + cpu.InstructionsInHostCode,
                    CodeCacheByteCount = sum.CodeCacheByteCount + _options.CacheByteCount,
                    CodeCacheUsedByteCount = sum.CodeCacheUsedByteCount + cpu.CodeByteCount,
                    CacheFlushes = sum.CacheFlushes + runner.Cache.Flushes,
                };
                cpu.AddCalls(calls);
                runner.Exits.AddTo(exits);
                ExitCounts.Add(exits, ExitCause.Decoding, runner.Cache.BlocksBuilt);
                ExitCounts.Add(exits, ExitCause.SideExit, cpu.SideExits);
                ExitCounts.Add(exits, ExitCause.BlockLookup, cpu.Lookups);
            }

            ExitCounts.Add(exits, ExitCause.InstructionHelper, HelperCalls(calls));
            return sum with { CallsByMnemonic = ByMnemonic(calls), ExitsByCause = exits };
        }
    }

    /// <summary>Why the technique cannot run on this host, in words; null when it can.</summary>
    public static string? Probe()
        => RuntimeInformation.ProcessArchitecture != Architecture.X64 ? "it makes x86-64 code only"
            : !Bmi1.X64.IsSupported || !Bmi2.X64.IsSupported || !Lzcnt.X64.IsSupported || !Popcnt.X64.IsSupported ? "it needs a processor with BMI1, BMI2, LZCNT and POPCNT (x86-64-v3)"
            : null;

    /// <inheritdoc/>
    public ExitReason Run(IVcpu vcpu, in RunLimits limits)
    {
        if (vcpu is not X86Cpu cpu)
        {
            throw new SosiaException($"The recompiler cannot run a {vcpu.IsaName} processor.");
        }

        (BlockRunner runner, BlockTranslations translations) = ContextOf(cpu);
        translations.Enter();
        return runner.Run(limits.MaxInstructions);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((BlockRunner runner, BlockTranslations translations) in _cpus.Values)
        {
            runner.Dispose();
            translations.Dispose();
        }

        _cpus.Clear();
    }

    // Threads of several processors come by.
    private (BlockRunner Runner, BlockTranslations Translations) ContextOf(X86Cpu cpu)
    {
        lock (_cpus)
        {
            if (!_cpus.TryGetValue(cpu, out (BlockRunner Runner, BlockTranslations Translations) context))
            {
                context.Runner = new BlockRunner(cpu);
                context.Translations = new BlockTranslations(cpu, _options);
                context.Runner.Cache.MaxBlockInstructions = _options.MaxBlockInstructions;
                context.Runner.Cache.Translations = context.Translations;
                _cpus.Add(cpu, context);
            }

            return context;
        }
    }

    private List<(BlockRunner Runner, BlockTranslations Translations)> Contexts()
    {
        lock (_cpus)
        {
            return [.. _cpus.Values];
        }
    }

    // Without those that count under what they do.
    private static long HelperCalls(long[] calls)
    {
        long sum = 0;
        for (int row = 0; row < calls.Length; row++)
        {
            sum += InstructionTable.Rows[row].Family == "io" ? 0 : calls[row];
        }

        return sum;
    }

    // The most frequent first.
    private static Dictionary<string, long> ByMnemonic(long[] calls)
    {
        Dictionary<string, long> sums = [];
        for (int row = 0; row < calls.Length; row++)
        {
            if (calls[row] != 0)
            {
                string mnemonic = InstructionTable.Rows[row].Mnemonic;
                sums[mnemonic] = sums.GetValueOrDefault(mnemonic) + calls[row];
            }
        }

        return new Dictionary<string, long>(sums.OrderByDescending(static p => p.Value).ThenBy(static p => p.Key, StringComparer.Ordinal));
    }
}
