using System;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sosia.Core;

namespace Sosia.Control.Lockstep;

/// <summary>
/// Runs a machine under two engines side by side and compares them as they go. At a difference it goes back to the last state that both
/// had, finds the first instruction after which they differ, and reports it.
/// </summary>
public sealed class LockstepRun
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(10);

    private readonly LockstepOptions _options;
    private readonly byte[]? _prompt;
    private SavedPair _saved = SavedPair.PowerOn;
    private long _comparisons;
    private long _fullComparisons;

    private LockstepRun(LockstepOptions options)
    {
        _options = options;
        _prompt = options.Prompt is null ? null : Encoding.UTF8.GetBytes(options.Prompt);
    }

    /// <summary>Runs until the machine ends, the engines differ, or a limit is reached.</summary>
    /// <exception cref="SosiaException">The machine cannot be built, or an engine cannot run here.</exception>
    public static LockstepResult Run(LockstepOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Every, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.EverythingEvery, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SaveEvery, 1);
        return new LockstepRun(options).Run();
    }

    private static LockstepResult Result(MachinePair pair, RunResult end, LockstepRun run, Divergence? divergence)
        => new(end, pair.Reference.Machine.RetiredInstructions, run._comparisons, run._fullComparisons, divergence, Encoding.UTF8.GetString(pair.Console));

    private LockstepResult Run()
    {
        using var pair = new MachinePair(_options, _options.Recompiler);
        var clock = Stopwatch.StartNew();
        long nextFull = _options.EverythingEvery;
        int consoleSeen = 0;
        TimeSpan nextReport = ReportInterval;
        while (true)
        {
            long before = pair.Position;
            pair.Step(Math.Min(_options.Every, _options.MaxInstructions - before));
            _comparisons++;
            bool hasEnded = pair.Result.HasEnded || pair.Result.Reason == StopReason.Idle || pair.Position >= _options.MaxInstructions;
            bool isFull = hasEnded || pair.Position >= nextFull;
            _fullComparisons += isFull ? 1 : 0;
            if (isFull ? !pair.IsEverythingEqual() : !pair.IsEqual())
            {
                _options.Progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"the engines differ between instruction {before} and {pair.Position}; looking for the first difference"));
                long typedAt = pair.TypedAt;
                return Result(pair, pair.Result, this, new DivergenceSearch(_options, _saved, before, pair.Position, typedAt).Find());
            }

            if (hasEnded)
            {
                return Result(pair, pair.Result, this, null);
            }

            if (isFull)
            {
                nextFull = pair.Position + _options.EverythingEvery;
                if (clock.Elapsed >= nextReport)
                {
                    nextReport = clock.Elapsed + ReportInterval;
                    _options.Progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"equal after {pair.Position} instructions, {clock.Elapsed.TotalSeconds:0} s"));
                }

                // What was typed and not read yet is not part of a saved state.
                if (pair.TypedAt < 0 && pair.Position - _saved.Position >= _options.SaveEvery)
                {
                    _saved = pair.Save();
                }
            }

            if (_prompt is not null && pair.TypedAt < 0 && pair.Console.Length != consoleSeen)
            {
                int from = Math.Max(0, consoleSeen - _prompt.Length);
                consoleSeen = pair.Console.Length;
                if (pair.Console[from..].IndexOf(_prompt) >= 0)
                {
                    if (_options.AtPrompt is null)
                    {
                        return Result(pair, new RunResult(StopReason.ConditionMet), this, null);
                    }

                    pair.Type(_options.AtPrompt);
                }
            }

            if (_options.Timeout is { } timeout && clock.Elapsed >= timeout)
            {
                return Result(pair, new RunResult(StopReason.TimedOut), this, null);
            }
        }
    }
}
