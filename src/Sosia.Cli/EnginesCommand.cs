using System;
using System.CommandLine;
using Sosia.Control;

namespace Sosia.Cli;

/// <summary><c>sosia engines</c>.</summary>
internal static class EnginesCommand
{
    // Of the contract, but without an implementation so far.
    private static readonly string[] Planned = ["direct"];

    public static Command Create()
    {
        var command = new Command("engines", "List the techniques that run guests, and say which work on this host and why not");
        command.SetAction(static _ =>
        {
            var table = new TextTable("ENGINE", "HERE", "WHAT IT DOES, OR WHY NOT");
            foreach ((string name, string description, string? whyNot) in EngineRegistry.Describe())
            {
                table.Add(name, whyNot is null ? "works" : "no", whyNot ?? description);
            }

            foreach (string name in Planned)
            {
                if (IsPlanned(name))
                {
                    table.Add(name, "no", "not implemented yet");
                }
            }

            table.Write(Console.Out);
            return ExitStatus.Success;
        });
        return command;
    }

    /// <summary>True for an engine that is meant to exist but does not yet.</summary>
    public static bool IsPlanned(string name)
    {
        foreach ((string existing, _, _) in EngineRegistry.Describe())
        {
            if (existing == name)
            {
                return false;
            }
        }

        return Array.IndexOf(Planned, name) >= 0;
    }
}
