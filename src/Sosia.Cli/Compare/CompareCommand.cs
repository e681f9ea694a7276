using System.CommandLine;
using System.Linq;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary><c>sosia compare</c>: one guest under several engines.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var arguments = new CompareArguments();
        var command = new Command("compare", "Run one guest under several engines: side by side to find differences, one after the other to see how fast they are, or both for a report on what makes a virtual machine");
        foreach (Option option in arguments.All)
        {
            command.Add(option);
        }

        command.SetAction(parsed => Run(arguments, parsed));
        return command;
    }

    private static int Run(CompareArguments arguments, ParseResult parsed)
    {
        Option<bool>[] modes = [arguments.Lockstep, arguments.Timing, arguments.Properties];
        Option<bool>[] given = [.. modes.Where(parsed.GetValue)];
        if (given.Length != 1)
        {
            throw new SosiaException("It is not said what to compare; give one of --lockstep, --timing and --properties.");
        }

        arguments.RefuseForeign(parsed, given[0]);
        return given[0] == arguments.Lockstep ? CompareLockstep.Run(arguments, parsed)
            : given[0] == arguments.Timing ? CompareTiming.Run(arguments, parsed)
            : CompareProperties.Run(arguments, parsed);
    }
}
