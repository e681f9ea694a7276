using System;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace Sosia.Images.Tests.Support;

/// <summary>The oracle: QEMU's own program for images (Debian's package qemu-utils).</summary>
internal static class QemuImg
{
    public static bool IsInstalled { get; } = Array.Exists(
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':'),
        static folder => File.Exists(Path.Combine(folder, "qemu-img")));

    /// <summary>Runs it and requires success.</summary>
    public static string Run(params string[] arguments)
    {
        int status = TryRun(out string output, arguments);
        Assert.True(status == 0, $"qemu-img {string.Join(' ', arguments)} ended with {status}: {output}");
        return output;
    }

    /// <summary>Runs it.</summary>
    /// <returns>Its exit status.</returns>
    public static int TryRun(out string output, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("qemu-img", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
        output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Both images must hold the same disk.</summary>
    public static void AssertSame(string first, string firstFormat, string second, string secondFormat)
        => Run("compare", "-f", firstFormat, "-F", secondFormat, first, second);
}
