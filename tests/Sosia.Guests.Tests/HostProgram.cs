using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>Runs programs of the host.</summary>
internal static class HostProgram
{
    private static readonly string[] _folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':'), "/usr/sbin", "/sbin"];

    /// <summary>Whether a program is installed.</summary>
    public static bool Exists(string name) => Find(name) is not null;

    /// <summary>Runs a program, whose status must be 0.</summary>
    /// <returns>Its standard output.</returns>
    public static string Run(string name, params string[] arguments)
    {
        (int status, string output, string errors) = RunAny(name, arguments);
        Assert.True(status == 0, $"{name} ended with status {status}: {errors}");
        return output;
    }

    /// <summary>Runs a program without input.</summary>
    public static (int Status, string Output, string Errors) RunAny(string name, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Find(name) ?? throw new FileNotFoundException("The program is not installed.", name), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    private static string? Find(string name) => _folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
