using System;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Core.Time;
using Sosia.Machines;

namespace Sosia.Control;

/// <summary>How fast an engine ran a machine.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="End">How the run ended.</param>
/// <param name="Wall">Host time from building the machine to its end.</param>
/// <param name="User">Processor time in user mode meanwhile, over all threads of this process.</param>
/// <param name="Stats">The machine's figures.</param>
public sealed record EngineTiming(string Engine, RunResult End, TimeSpan Wall, TimeSpan User, MachineStats Stats)
{
    /// <summary>Runs a machine under an engine, with the deterministic clock: the same work under every engine, and no time is spent idle.</summary>
    /// <param name="options">The machine.</param>
    /// <param name="engine">The engine's name.</param>
    /// <param name="prompt">Console text at which something is typed; null for none.</param>
    /// <param name="atPrompt">What; null ends the run there.</param>
    /// <param name="timeout">How much host time it gets; negative for any.</param>
    /// <exception cref="SosiaException">The machine cannot be built, or the engine cannot run here.</exception>
    public static EngineTiming Measure(MachineOptions options, string engine, string? prompt, string? atPrompt, TimeSpan timeout)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        TimeSpan user = Environment.CpuUsage.UserTime;
        // An engine that does not count instructions cannot have the deterministic clock.
        IEngine created = EngineRegistry.Create(engine);
        ClockMode clock = created.CountsInstructions ? ClockMode.Deterministic : ClockMode.Fast;
        using VirtualMachine vm = VirtualMachine.Create(options with { ClockMode = clock, NoReboot = true }, created);
        RunResult end;
        try
        {
            if (prompt is not null)
            {
                vm.Console.Expect(prompt, timeout);
                if (atPrompt is not null)
                {
                    vm.Console.Send(atPrompt);
                }
            }

            end = prompt is not null && atPrompt is null ? new RunResult(StopReason.ConditionMet)
                : vm.Run(timeout < TimeSpan.Zero ? timeout : timeout - System.Diagnostics.Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } left ? left : TimeSpan.Zero);
        }
        catch (ExpectException error)
        {
            end = error.Result;
        }

        return new EngineTiming(vm.Engine.Name, end, System.Diagnostics.Stopwatch.GetElapsedTime(start), Environment.CpuUsage.UserTime - user, vm.GetStats());
    }
}
