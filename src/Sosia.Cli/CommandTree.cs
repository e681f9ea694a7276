using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Linq;
using Sosia.Cli.Disk;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>The commands and their help texts.</summary>
internal static class CommandTree
{
    private static readonly string[] PlannedCommands = ["attach"];

    public static RootCommand Create()
    {
        var root = new RootCommand("Sosia runs virtual machines: one machine, every way of running it.")
        {
            RunCommand.Create(),
            CompareCommand.Create(),
            EnginesCommand.Create(),
            ClassifyCommand.Create(),
            GuestsCommand.Create(),
            DiskCommand.Create(),
            ScreenshotCommand.Create(),
            CompletionCommand.Create(),
        };
        foreach (string name in PlannedCommands)
        {
            var planned = new Command(name, "(not implemented yet)") { Hidden = true, TreatUnmatchedTokensAsErrors = false };
            planned.SetAction(int (_) => throw new SosiaException($"The command '{name}' is not implemented yet; './sosia --help' lists what is."));
            root.Add(planned);
        }

        root.SetAction(int (_) => throw new SosiaException("A command is missing; './sosia run' boots the embedded guest, './sosia --help' lists the commands."));
        return root;
    }

    /// <summary>True unless what is asked for (help, completion) ignores mistakes in the rest.</summary>
    public static bool RefusesArguments(ParseResult parsed) => parsed.Action is not HelpAction && parsed.Tokens is not [{ Type: TokenType.Directive }, ..];

    /// <summary>One sentence for what is wrong with the arguments.</summary>
    public static string Explain(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string path = command is RootCommand ? "./sosia" : $"./sosia {PathOf(parsed)}";
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string token = parsed.UnmatchedTokens[0];
            if (token.StartsWith('-'))
            {
                return $"The option '{token}' is unknown; '{path} --help' lists the options.";
            }

            return command.Subcommands.Any(static c => !c.Hidden)
                ? $"The command '{token}' is unknown; '{path} --help' lists the commands."
                : $"The argument '{token}' is not expected here; '{path} --help' shows the form.";
        }

        if (command.Subcommands.Any(static c => !c.Hidden))
        {
            return $"A command is missing after '{path}'; '{path} --help' lists the commands.";
        }

        if (parsed.Errors[0].SymbolResult is OptionResult { IdentifierTokenCount: > 1 } twice)
        {
            return $"The option {twice.Option.Name} is given twice; give it once.";
        }

        return $"{parsed.Errors[0].Message.TrimEnd('.')}; '{path} --help' shows the form.";
    }

    private static string PathOf(ParseResult parsed)
    {
        string path = string.Empty;
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult { Command: not RootCommand } command; result = result.Parent)
        {
            path = path.Length == 0 ? command.Command.Name : $"{command.Command.Name} {path}";
        }

        return path;
    }
}
