using System;
using System.CommandLine;
using System.Globalization;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Control.Lockstep;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary><c>sosia compare --lockstep</c>.</summary>
internal static class CompareLockstep
{
    public static int Run(CompareArguments arguments, ParseResult parsed)
    {
        int? seed = parsed.GetValue(arguments.Switch) is { } text ? OptionValue.Seed("--switch-engines", text) : null;
        string[] engines = arguments.Engines(parsed, ["interpreter", .. seed is null ? ["recompiler"] : (string[])[]]);
        engines = seed is null ? engines : [.. engines, SwitchingEngine.EngineName];
        if (engines.Length != 2)
        {
            throw new SosiaException("Lockstep takes two engines; give --engines NAME,NAME, or one and --switch-engines.");
        }

        Guest? guest = arguments.Machine.FindGuest(parsed);
        LockstepResult result = LockstepRun.Run(new LockstepOptions
        {
            Machine = arguments.Machine.Read(parsed) with { NoReboot = true },
            Reference = engines[0],
            Tested = engines[1],
            CreateEngine = (name, options) => name == SwitchingEngine.EngineName ? SwitchingEngine.CreateOfAll(seed!.Value, options) : EngineRegistry.Create(name, options),
            Every = parsed.GetValue(arguments.Every) is { } every ? OptionValue.Count("--every", every) : 4999,
            MaxInstructions = parsed.GetValue(arguments.Instructions) is { } count ? OptionValue.LongCount("--instructions", count) : long.MaxValue,
            Timeout = arguments.Timeout(parsed),
            Prompt = guest?.Description.Prompt,
            AtPrompt = CompareArguments.AtPrompt(guest),
            Progress = CompareArguments.Progress,
        });
        if (parsed.GetValue(arguments.Verbose))
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
}
