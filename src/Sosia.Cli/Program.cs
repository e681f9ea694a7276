using System;
using System.CommandLine;
using System.IO;
using System.Reflection;
using Sosia.Core;

namespace Sosia.Cli;

internal static class Program
{
    /// <summary>The program's version, for <c>--version</c>.</summary>
    public static string Version { get; } =
        typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static int Main(string[] arguments)
    {
        try
        {
            // The commonest short questions need no parser.
            if (arguments is ["--version"])
            {
                Console.Out.WriteLine($"sosia {Version}");
                return ExitStatus.Success;
            }

            ParseResult parsed = CommandTree.Create().Parse(arguments, new ParserConfiguration { EnablePosixBundling = false });
            if (parsed.Errors.Count > 0 && CommandTree.RefusesArguments(parsed))
            {
                return Fail(CommandTree.Explain(parsed), ExitStatus.BadArguments);
            }

            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (SosiaException error)
        {
            return Fail(error.Message, ExitStatus.Of(error.Kind));
        }
        catch (IOException error)
        {
            // What is left: the program's own output cannot be written.
            return Fail($"Input or output failed ({error.Message.TrimEnd('.')}); check where the output goes.", ExitStatus.HostLacksSomething);
        }
    }

    private static int Fail(string sentence, int status)
    {
        // One line, whatever a message of the host contains.
        Console.Error.WriteLine("sosia: " + sentence.ReplaceLineEndings(" "));
        return status;
    }
}
