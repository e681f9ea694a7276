using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;

namespace Sosia.SoftFloat.Tests;

/// <summary>Berkeley TestFloat's generator of operands with expected results and flags.</summary>
internal static class TestFloatGenerator
{
    public static readonly string? ProgramPath = Find();

    /// <summary>Runs the generator and yields at most <paramref name="limit"/> of its lines, split into fields.</summary>
    public static IEnumerable<string[]> Run(string arguments, int limit)
    {
        using Process process = Process.Start(new ProcessStartInfo(ProgramPath!, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (limit-- == 0)
            {
                process.Kill();
                yield break;
            }

            yield return line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"testfloat_gen {arguments} ended with status {process.ExitCode}");
        }
    }

    private static string? Find()
    {
        string? path = Environment.GetEnvironmentVariable("SOSIA_TESTFLOAT_GEN");
        if (!string.IsNullOrEmpty(path))
        {
            return path;
        }

        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        }

        path = Path.Combine(cache, "sosia", "testfloat", "testfloat_gen");
        return File.Exists(path) ? path : null;
    }
}
