using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Sosia.Control;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Theory;
using Sosia.Theory.Host;
using Sosia.Theory.Reports;

namespace Sosia.Cli;

/// <summary><c>sosia classify</c>: Popek and Goldberg's classification of an instruction set, computed.</summary>
internal sealed class ClassifyCommand
{
    private static readonly string Names = string.Join(" or ", IsaRegistry.Describe().Select(static i => i.Name));

    private readonly Argument<string?> _isa = new("ISA")
    {
        Description = "The instruction set: " + string.Join("; ", IsaRegistry.Describe().Select(static i => $"{i.Name} ({i.Description})")),
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _host = new("--host") { Description = "Ask the host's processor instead: execute the sensitive instructions in a confined process, and compare with the table" };
    private readonly Option<bool> _umip = new("--umip") { Description = "User-mode instruction prevention (CR4.UMIP) is on in every state" };
    private readonly Option<string?> _seed = MachineArguments.Text("--seed", "N", $"What all states are made from; the same seed gives the same bytes [{ClassifierOptions.DefaultSeed}]");
    private readonly Option<string?> _states = MachineArguments.Text("--states", "N", $"States for each row of the instruction table [{ClassifierOptions.DefaultStatesPerRow}]");
    private readonly Option<string?> _json = MachineArguments.Text("--json", "FILE", "Write everything as JSON; - is standard output");
    private readonly Option<string?> _markdown = MachineArguments.Text("--markdown", "FILE", "Write the report as Markdown; - is standard output");
    private readonly Option<string?> _svg = MachineArguments.Text("--svg", "FILE", "Draw the classes as SVG; - is standard output");

    private ClassifyCommand()
    {
        _isa.CompletionSources.Add(static _ => IsaRegistry.Describe().Select(static i => new System.CommandLine.Completions.CompletionItem(i.Name)));
    }

    public static Command Create()
    {
        var classify = new ClassifyCommand();
        var command = new Command("classify", "Execute every instruction of an ISA in pairs of states, and say which are privileged and which are sensitive in Popek and Goldberg's sense");
        command.Add(classify._isa);
        foreach (Option option in (IEnumerable<Option>)[classify._host, classify._umip, classify._seed, classify._states, classify._json, classify._markdown, classify._svg])
        {
            command.Add(option);
        }

        command.SetAction(classify.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_host))
        {
            return RunHost(parsed);
        }

        string name = parsed.GetValue(_isa) ?? throw new SosiaException($"The ISA to classify is missing; name {Names}.");
        var options = new ClassifierOptions
        {
            Seed = parsed.GetValue(_seed) is { } seed ? OptionValue.Seed("--seed", seed) : ClassifierOptions.DefaultSeed,
            StatesPerRow = parsed.GetValue(_states) is { } states ? OptionValue.Count("--states", states) : ClassifierOptions.DefaultStatesPerRow,
        };
        (Option<string?> Option, Action<Classification, TextWriter> Write)[] reports = [(_json, JsonReport.Write), (_markdown, MarkdownReport.Write), (_svg, SvgReport.Write)];
        CheckFiles(parsed);
        using IClassifiableIsa isa = IsaRegistry.Create(name, parsed.GetValue(_umip));
        WriteReports(parsed, Classifier.Classify(isa, options), reports, TextReport.Write);
        return ExitStatus.Success;
    }

    private int RunHost(ParseResult parsed)
    {
        if (parsed.GetValue(_isa) is { } name)
        {
            throw new SosiaException($"The option --host asks the host's processor, and takes no ISA; leave out '{name}' or --host.");
        }

        foreach (Option option in (IEnumerable<Option>)[_umip, _seed, _states, _svg])
        {
            if (parsed.GetResult(option) is { Implicit: false })
            {
                throw new SosiaException($"The option {option.Name} is for an ISA that is computed; leave it out with --host.");
            }
        }

        (Option<string?> Option, Action<HostReport, TextWriter> Write)[] reports = [(_json, HostReportJson.Write), (_markdown, HostReportText.WriteMarkdown)];
        CheckFiles(parsed);
        WriteReports(parsed, HostReport.Create(FindHardwareEngine(out string? whyNot), whyNot), reports, HostReportText.Write);
        return ExitStatus.Success;
    }

    // The engine that runs virtual machines on the processor itself, once it is there.
    private static Func<IEngine>? FindHardwareEngine(out string? whyNot)
    {
        const string Name = "kvm";
        foreach ((string name, _, string? reason) in EngineRegistry.Describe())
        {
            if (name == Name)
            {
                whyNot = reason is null ? null : $"The engine {Name} cannot run here: {reason.TrimEnd('.')}.";
                return reason is null ? static () => EngineRegistry.Create(Name) : null;
            }
        }

        whyNot = File.Exists("/dev/kvm") ? $"The engine {Name} is not implemented yet." : "/dev/kvm does not exist on this host.";
        return null;
    }

    private void CheckFiles(ParseResult parsed)
    {
        bool isOutputTaken = false;
        foreach (Option<string?> option in (IEnumerable<Option<string?>>)[_json, _markdown, _svg])
        {
            if (parsed.GetValue(option) is not { } path)
            {
                continue;
            }

            bool isOutput = path == "-";
            if (isOutput && isOutputTaken)
            {
                throw new SosiaException($"Standard output can take one report; name a file for {option.Name}.");
            }

            isOutputTaken |= isOutput;
            _ = isOutput ? path : OutputFile.Check(option.Name, path);
        }
    }

    // The text goes to standard output unless another report does.
    private static void WriteReports<T>(ParseResult parsed, T report, (Option<string?> Option, Action<T, TextWriter> Write)[] reports, Action<T, TextWriter> writeText)
    {
        bool isOutputTaken = false;
        foreach ((Option<string?> option, Action<T, TextWriter> write) in reports)
        {
            switch (parsed.GetValue(option))
            {
                case null:
                    break;
                case "-":
                    isOutputTaken = true;
                    write(report, Console.Out);
                    break;
                case var path:
                    OutputFile.Write(option.Name, path, writer => write(report, writer));
                    break;
            }
        }

        if (!isOutputTaken)
        {
            writeText(report, Console.Out);
        }
    }
}
