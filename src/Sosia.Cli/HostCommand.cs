using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>Runs programs of the host.</summary>
internal static class HostCommand
{
    /// <summary>True when a program of this name can be started.</summary>
    public static bool Exists(string program)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            if (File.Exists(Path.Combine(folder, program)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Its current directory.</param>
    /// <param name="line">Called with every line that it writes on standard output or standard error; null when nobody wants them.</param>
    /// <returns>What it wrote on standard output.</returns>
    /// <exception cref="SosiaException">It cannot be started, or ends with another status than 0; the message ends with its last words.</exception>
    public static IReadOnlyList<string> Run(string program, IReadOnlyList<string> arguments, string folder, Action<string>? line = null)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        try
        {
            using Process process = Process.Start(start) ?? throw new Win32Exception();
            process.StandardInput.Close();
            Task<string> errors = Task.Run(() => LastLine(process.StandardError, line));
            List<string> output = [];
            while (process.StandardOutput.ReadLine() is { } text)
            {
                output.Add(text);
                line?.Invoke(text);
            }

            process.WaitForExit();
            string lastError = errors.GetAwaiter().GetResult();
            return process.ExitCode == 0
                ? output
                : throw new SosiaException($"'{program} {string.Join(' ', arguments)}' failed with status {process.ExitCode}{(lastError.Length == 0 ? string.Empty : $" ({lastError.TrimEnd('.')})")}; check the network and the package sources, then try again.", FailureKind.Host);
        }
        catch (Win32Exception error)
        {
            throw new SosiaException($"The program '{program}' cannot be started ({error.Message.TrimEnd('.')}); install it.", FailureKind.Host, error);
        }
    }

    private static string LastLine(StreamReader reader, Action<string>? line)
    {
        string last = string.Empty;
        while (reader.ReadLine() is { } text)
        {
            line?.Invoke(text);
            last = text.Length == 0 ? last : text;
        }

        return last;
    }
}
