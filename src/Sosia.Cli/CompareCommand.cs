using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Control.Lockstep;
using Sosia.Core;
using Sosia.Machines;

namespace Sosia.Cli;

/// <summary><c>sosia compare</c>: one guest under several engines.</summary>
internal sealed class CompareCommand
{
    private readonly MachineArguments _machine = new();
    private readonly Option<bool> _lockstep = new("--lockstep") { Description = "Run two engines side by side and compare processors, console, RAM and devices; status 1 and a report when they differ" };
    private readonly Option<bool> _timing = new("--timing") { Description = "Run the guest under one engine after the other and print a table of how long each took" };
    private readonly Option<string?> _engines = MachineArguments.Text("--engines", "NAME,NAME", "The engines; for --lockstep the first one is believed [--lockstep: interpreter,recompiler; --timing: all that work here]");
    private readonly Option<string?> _every = MachineArguments.Text("--every", "N", "Compare processors and console every N instructions [4999]");
    private readonly Option<string?> _instructions = MachineArguments.Text("--instructions", "N", "Stop after N instructions");
    private readonly Option<string?> _timeout = MachineArguments.Text("--timeout", "TIME", "End with status 124 after this much time, such as 90s or 5m");

    private readonly Option<string?> _switch = MachineArguments.Text("--switch-engines", "SEED", "Examine an engine that changes at random among all that work here, every few thousand instructions");
    private readonly Option<bool> _verbose = new("--verbose") { Description = "At the end, write what the guest wrote to its console to standard error" };

    private CompareCommand()
    {
    }

    public static Command Create()
    {
        var compare = new CompareCommand();
        var command = new Command("compare", "Run one guest under several engines: side by side to find differences, or one after the other to see how fast they are");
        foreach (Option option in (IEnumerable<Option>)[compare._lockstep, compare._timing, compare._engines, compare._every, compare._instructions, compare._timeout, compare._switch, compare._verbose, .. compare._machine.All])
        {
            command.Add(option);
        }

        command.SetAction(compare.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_lockstep) == parsed.GetValue(_timing))
        {
            throw new SosiaException("It is not said what to compare; give either --lockstep or --timing.");
        }

        return parsed.GetValue(_lockstep) ? RunLockstep(parsed) : RunTiming(parsed);
    }

    private int RunTiming(ParseResult parsed)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_every, _instructions, _switch, _verbose])
        {
            if (parsed.GetResult(option) is { Implicit: false })
            {
                throw new SosiaException($"The option {option.Name} belongs to --lockstep; leave it out.");
            }
        }

        string[] engines = Engines(parsed, [.. EngineRegistry.Describe().Where(static e => e.WhyNot is null).Select(static e => e.Name)]);
        Guest? guest = _machine.FindGuest(parsed);
        MachineOptions machine = _machine.Read(parsed);
        machine = machine with { Drives = [.. machine.Drives.Select(static d => d.IsReadOnly ? d : d with { IsSnapshot = true })] };
        TimeSpan timeout = parsed.GetValue(_timeout) is { } text ? OptionValue.Duration("--timeout", text) : System.Threading.Timeout.InfiniteTimeSpan;
        var table = new TextTable("ENGINE", "WALL", "USER", "INSTRUCTIONS", "MIPS", "TRANSLATION", "END");
        int status = ExitStatus.Success;
        foreach (string engine in engines)
        {
            Progress($"running under the {engine}");
            var timing = EngineTiming.Measure(machine, engine, guest?.Description.Prompt, guest?.Description.Poweroff is { } poweroff ? poweroff + "\n" : null, timeout);
            status = timing.End.Reason == StopReason.TimedOut ? timing.End.ExitStatus : status;
            table.Add(
                timing.Engine,
                Text($"{timing.Wall.TotalSeconds:0.00} s"),
                Text($"{timing.User.TotalSeconds:0.00} s"),
                Text($"{timing.Stats.InstructionsRetired}"),
                Text($"{timing.Stats.InstructionsRetired / timing.Wall.TotalSeconds / 1e6:0.0}"),
                Text($"{timing.Stats.TranslationSeconds / timing.Wall.TotalSeconds:0.0 %}"),
                timing.End.Reason.ToString());
        }

        table.Write(Console.Out);
        return status;
    }

    private int RunLockstep(ParseResult parsed)
    {
        int? seed = parsed.GetValue(_switch) is { } text ? OptionValue.Seed("--switch-engines", text) : null;
        string[] engines = Engines(parsed, ["interpreter", .. seed is null ? ["recompiler"] : (string[])[]]);
        engines = seed is null ? engines : [.. engines, SwitchingEngine.EngineName];
        if (engines.Length != 2)
        {
            throw new SosiaException("Lockstep takes two engines; give --engines NAME,NAME, or one and --switch-engines.");
        }

        Guest? guest = _machine.FindGuest(parsed);
        LockstepResult result = LockstepRun.Run(new LockstepOptions
        {
            Machine = _machine.Read(parsed) with { NoReboot = true },
            Reference = engines[0],
            Tested = engines[1],
            CreateEngine = (name, options) => name == SwitchingEngine.EngineName ? SwitchingEngine.CreateOfAll(seed!.Value, options) : EngineRegistry.Create(name, options),
            Every = parsed.GetValue(_every) is { } every ? OptionValue.Count("--every", every) : 4999,
            MaxInstructions = parsed.GetValue(_instructions) is { } count ? OptionValue.LongCount("--instructions", count) : long.MaxValue,
            Timeout = parsed.GetValue(_timeout) is { } timeout ? OptionValue.Duration("--timeout", timeout) : null,
            Prompt = guest?.Description.Prompt,
            AtPrompt = guest?.Description.Poweroff is { } poweroff ? poweroff + "\n" : null,
            Progress = Progress,
        });
        if (parsed.GetValue(_verbose))
        {
            Console.Error.WriteLine(result.Transcript);
        }

        if (result.Divergence is { } divergence)
        {
            Console.Out.Write(divergence.Report);
            return ExitStatus.EnginesDiffer;
        }

        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{engines[0]} and {engines[1]} are equal over {result.Instructions} instructions: {result.Comparisons} comparisons of processors and console, {result.FullComparisons} of RAM and devices too. The run ended with: {result.End.Reason}."));
        return result.End.Reason == StopReason.TimedOut ? result.End.ExitStatus : ExitStatus.Success;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Progress(string text) => Console.Error.WriteLine("sosia: " + text);

    private string[] Engines(ParseResult parsed, string[] usual)
    {
        string[] names = parsed.GetValue(_engines)?.Split(',') ?? usual;
        foreach (string name in names)
        {
            if (EnginesCommand.IsPlanned(name))
            {
                throw new SosiaException($"The engine '{name}' is not implemented yet; './sosia engines' lists what is.");
            }

            if (!EngineRegistry.Describe().Any(e => e.Name == name))
            {
                throw new SosiaException($"There is no engine '{name}'; './sosia engines' lists them.");
            }
        }

        return names;
    }
}
