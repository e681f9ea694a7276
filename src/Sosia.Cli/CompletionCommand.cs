using System;
using System.CommandLine;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary><c>sosia completion bash|zsh</c>: prints what makes a shell complete this program's arguments.</summary>
internal static class CompletionCommand
{
    // The parser itself answers "[suggest:POSITION] LINE" with one candidate per line.
    private const string Bash = """
        _sosia() {
            local line="sosia${COMP_LINE#"${COMP_WORDS[0]}"}"
            local point=$((COMP_POINT - ${#COMP_WORDS[0]} + 5))
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$point]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _sosia sosia ./sosia
        """;

    private const string Zsh = """
        autoload -Uz bashcompinit && bashcompinit

        """ + Bash;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash or zsh" };
        var command = new Command("completion", "Print a script that makes the shell complete arguments: source <(./sosia completion bash)") { shell };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(shell);
            Console.Out.WriteLine(name switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => throw new SosiaException($"There is no completion for the shell '{name}'; choose bash or zsh."),
            });
            return ExitStatus.Success;
        });
        return command;
    }
}
