using System;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Machines;

namespace Sosia.Cli;

/// <summary><c>sosia compare --timing</c>.</summary>
internal static class CompareTiming
{
    public static int Run(CompareArguments arguments, ParseResult parsed)
    {
        string[] engines = arguments.Engines(parsed, [.. EngineRegistry.Describe().Where(static e => e.WhyNot is null).Select(static e => e.Name)]);
        Guest? guest = arguments.Machine.FindGuest(parsed);
        MachineOptions machine = arguments.Machine.Read(parsed);
        machine = machine.WithThrowAwayDisks();
        TimeSpan timeout = arguments.Timeout(parsed) ?? System.Threading.Timeout.InfiniteTimeSpan;
        var table = new TextTable("ENGINE", "WALL", "USER", "INSTRUCTIONS", "MIPS", "TRANSLATION", "END");
        int status = ExitStatus.Success;
        foreach (string engine in engines)
        {
            CompareArguments.Progress($"running under the {engine}");
            var timing = EngineTiming.Measure(machine, engine, guest?.Description.Prompt, CompareArguments.AtPrompt(guest), timeout);
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

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
