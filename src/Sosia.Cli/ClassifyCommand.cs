using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Sosia.Core;
using Sosia.Theory;
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
        foreach (Option option in (IEnumerable<Option>)[classify._umip, classify._seed, classify._states, classify._json, classify._markdown, classify._svg])
        {
            command.Add(option);
        }

        command.SetAction(classify.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string name = parsed.GetValue(_isa) ?? throw new SosiaException($"The ISA to classify is missing; name {Names}.");
        var options = new ClassifierOptions
        {
            Seed = parsed.GetValue(_seed) is { } seed ? OptionValue.Seed("--seed", seed) : ClassifierOptions.DefaultSeed,
            StatesPerRow = parsed.GetValue(_states) is { } states ? OptionValue.Count("--states", states) : ClassifierOptions.DefaultStatesPerRow,
        };
        (Option<string?> Option, Action<Classification, TextWriter> Write)[] reports = [(_json, JsonReport.Write), (_markdown, MarkdownReport.Write), (_svg, SvgReport.Write)];
        bool isOutputTaken = false;
        foreach ((Option<string?> option, _) in reports)
        {
            if (parsed.GetValue(option) is { } path)
            {
                bool isOutput = path == "-";
                if (isOutput && isOutputTaken)
                {
                    throw new SosiaException($"Standard output can take one report; name a file for {option.Name}.");
                }

                isOutputTaken |= isOutput;
                _ = isOutput ? path : OutputFile.Check(option.Name, path);
            }
        }

        using IClassifiableIsa isa = IsaRegistry.Create(name, parsed.GetValue(_umip));
        Classification classification = Classifier.Classify(isa, options);
        foreach ((Option<string?> option, Action<Classification, TextWriter> write) in reports)
        {
            switch (parsed.GetValue(option))
            {
                case null:
                    break;
                case "-":
                    write(classification, Console.Out);
                    break;
                case var path:
                    OutputFile.Write(option.Name, path, writer => write(classification, writer));
                    break;
            }
        }

        if (!isOutputTaken)
        {
            TextReport.Write(classification, Console.Out);
        }

        return ExitStatus.Success;
    }
}
