using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Control.Properties;
using Sosia.Control.Properties.Html;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary><c>sosia compare --properties</c>.</summary>
internal static class CompareProperties
{
    public static int Run(CompareArguments arguments, ParseResult parsed)
    {
        string? json = parsed.GetValue(arguments.Json) is { } jsonPath ? OutputFile.Check("--json", jsonPath) : null;
        string? html = parsed.GetValue(arguments.Html) is { } htmlPath ? OutputFile.Check("--html", htmlPath) : null;
        List<(string Name, string Description, string? WhyNot)> all = [.. EngineRegistry.Describe()];
        string[] engines = arguments.Engines(parsed, [.. all.Select(static e => e.Name)]);
        Guest? guest = arguments.Machine.FindGuest(parsed);
        var options = new PropertiesOptions
        {
            Machine = arguments.Machine.Read(parsed),
            GuestName = guest?.Description.Name ?? "a kernel of the user's",
            Prompt = guest?.Description.Prompt,
            AtPrompt = CompareArguments.AtPrompt(guest),
            Engines = [.. engines.Select(n => all.First(e => e.Name == n)).Select(static e => new EngineChoice(e.Name, e.Description, e.WhyNot))],
            Progress = CompareArguments.Progress,
        };
        if (options.Machine.CpuCount != 1)
        {
            throw new SosiaException($"The report is about one processor, not {options.Machine.CpuCount}; give --cpus 1.");
        }

        options = parsed.GetValue(arguments.Instructions) is { } count ? options with { MaxInstructions = OptionValue.LongCount("--instructions", count) } : options;
        options = arguments.Timeout(parsed) is { } timeout ? options with { GuestTimeout = timeout } : options;
        PropertiesReport report = PropertiesRun.Run(options, Program.Version, CommandOf(parsed));
        PropertiesTable.Write(report, Console.Out);
        if (json is not null)
        {
            OutputFile.Write("--json", json, report.ToJson());
        }

        if (html is not null)
        {
            OutputFile.Write("--html", html, HtmlReport.Write(report));
        }

        return !report.AreEquivalent ? ExitStatus.EnginesDiffer : report.AreInControl ? ExitStatus.Success : ExitStatus.GuestGotThrough;
    }

    private static string CommandOf(ParseResult parsed) => "./sosia " + string.Join(' ', parsed.Tokens.Select(static t => Quote(t.Value)));

    private static string Quote(string argument)
        => argument.Length != 0 && argument.All(static c => char.IsAsciiLetterOrDigit(c) || "-_./,=:+".Contains(c)) ? argument : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
