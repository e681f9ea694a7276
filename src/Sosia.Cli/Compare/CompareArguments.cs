using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>The options of <c>sosia compare</c>.</summary>
internal sealed class CompareArguments
{
    private readonly Option<string?> _engines = MachineArguments.Text("--engines", "NAME,NAME", "The engines; for --lockstep the first one is believed [--lockstep: interpreter,recompiler; --timing: all that work here; --properties: all]");
    private readonly Option<string?> _timeout = MachineArguments.Text("--timeout", "TIME", "End with status 124 after this much time, such as 90s or 5m; with --properties, what one run of the guest may take [10m]");

    /// <summary>Side by side.</summary>
    public Option<bool> Lockstep { get; } = new("--lockstep") { Description = "Run two engines side by side and compare processors, console, RAM and devices; status 1 and a report when they differ" };

    /// <summary>One after the other.</summary>
    public Option<bool> Timing { get; } = new("--timing") { Description = "Run the guest under one engine after the other and print a table of how long each took" };

    /// <summary>All that makes a virtual machine.</summary>
    public Option<bool> Properties { get; } = new("--properties") { Description = "Measure equivalence, resource control and efficiency of each engine; status 1 when one differs, 5 when a hostile guest got through" };

    /// <summary>Instructions between comparisons.</summary>
    public Option<string?> Every { get; } = MachineArguments.Text("--every", "N", "--lockstep: compare processors and console every N instructions [4999]");

    /// <summary>Where to stop.</summary>
    public Option<string?> Instructions { get; } = MachineArguments.Text("--instructions", "N", "--lockstep, --properties: compare no more than N instructions [--properties: 200000000]");

    /// <summary>A seed for changes of the engine.</summary>
    public Option<string?> Switch { get; } = MachineArguments.Text("--switch-engines", "SEED", "--lockstep: examine an engine that changes at random among all that work here, every few thousand instructions");

    /// <summary>The guest's console at the end.</summary>
    public Option<bool> Verbose { get; } = new("--verbose") { Description = "--lockstep: at the end, write what the guest wrote to its console to standard error" };

    /// <summary>Where the figures go.</summary>
    public Option<string?> Json { get; } = MachineArguments.Text("--json", "FILE", "--properties: write the figures to this file as JSON");

    /// <summary>Where the page goes.</summary>
    public Option<string?> Html { get; } = MachineArguments.Text("--html", "FILE", "--properties: write a page with plots to this file, which needs nothing else");

    /// <summary>The machine.</summary>
    public MachineArguments Machine { get; } = new();

    /// <summary>All options, to be added to the command.</summary>
    public IEnumerable<Option> All => [Lockstep, Timing, Properties, _engines, Every, Instructions, _timeout, Switch, Verbose, Json, Html, .. Machine.All];

    /// <summary>Refuses options that say something about another mode.</summary>
    public void RefuseForeign(ParseResult parsed, Option<bool> mode)
    {
        foreach ((Option option, Option<bool>[] modes) in (ReadOnlySpan<(Option, Option<bool>[])>)
        [
            (Every, [Lockstep]), (Switch, [Lockstep]), (Verbose, [Lockstep]), (Instructions, [Lockstep, Properties]), (Json, [Properties]), (Html, [Properties]),
        ])
        {
            if (parsed.GetResult(option) is { Implicit: false } && !modes.Contains(mode))
            {
                throw new SosiaException($"The option {option.Name} belongs to {string.Join(" and ", modes.Select(static m => m.Name))}; leave it out.");
            }
        }
    }

    /// <summary>The engines that are named, each of which exists.</summary>
    public string[] Engines(ParseResult parsed, string[] usual)
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

    /// <summary>The time that is given; null for none.</summary>
    public TimeSpan? Timeout(ParseResult parsed) => parsed.GetValue(_timeout) is { } text ? OptionValue.Duration("--timeout", text) : null;

    /// <summary>What is typed at a guest's prompt; null for nothing.</summary>
    public static string? AtPrompt(Guest? guest) => guest?.Description.Poweroff is { } poweroff ? poweroff + "\n" : null;

    /// <summary>Says on standard error what is being done.</summary>
    public static void Progress(string text) => Console.Error.WriteLine("sosia: " + text);
}
