using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Core.Execution;
using Sosia.Core.Time;

namespace Sosia.Control.Properties.Efficiency;

/// <summary>Runs the guest under one engine from power-on to its prompt, and the compute programs, and takes the figures.</summary>
internal static class EfficiencyMeasurement
{
    // A longer run is not made twice.
    private const double RepeatBelowSeconds = 20;

    /// <summary>Measures.</summary>
    public static EfficiencyResult Measure(PropertiesOptions options, Func<IEngine> createEngine, KernelMeasurement kernels)
    {
        (StopReason end, MachineStats stats, EngineCounters counters) = RunGuest(options, createEngine());
        if (stats.WallSeconds < RepeatBelowSeconds && RunGuest(options, createEngine()) is var second && second.Stats.WallSeconds < stats.WallSeconds)
        {
            // Other work on the host only ever adds to a time.
            (end, stats, counters) = second;
        }

        long native = counters.InstructionsNative;
        // Instructions that translated code had the interpreter's routines execute were interpreted.
        long called = (counters.CallsByMnemonic ?? new Dictionary<string, long>()).Values.Sum();
        long translated = Math.Max(0, counters.InstructionsInHostCode - called);
        return new EfficiencyResult
        {
            End = end,
            Seconds = stats.WallSeconds,
            Instructions = stats.InstructionsRetired,
            Native = native,
            Translated = translated,
            Interpreted = Math.Max(0, stats.InstructionsRetired - translated - Math.Max(0, native)),
            TranslationSeconds = stats.TranslationSeconds,
            ExitsByCause = stats.ExitsByCause,
            Kernels = [.. ComputeKernels.All.Select(k => kernels.Measure(k, createEngine))],
        };
    }

    private static (StopReason End, MachineStats Stats, EngineCounters Counters) RunGuest(PropertiesOptions options, IEngine engine)
    {
        // No time is spent idle: with an exact budget time is the number of instructions, otherwise an idle guest jumps to its next timer.
        using VirtualMachine vm = VirtualMachine.Create(
            options.Machine with
            {
                ClockMode = engine.CountsInstructions ? ClockMode.Deterministic : ClockMode.Fast,
                NoReboot = true,
                Serial = [],
            },
            engine);
        StopReason end;
        try
        {
            if (options.Prompt is { } prompt)
            {
                vm.Console.Expect(prompt, options.GuestTimeout);
                end = StopReason.ConditionMet;
            }
            else
            {
                end = vm.RunUntil(() => vm.Machine.RetiredInstructions >= options.MaxInstructions, options.GuestTimeout).Reason;
            }
        }
        catch (ExpectException error)
        {
            end = error.Result.Reason;
        }

        return (end, vm.GetStats(), vm.Engine.Counters);
    }
}
