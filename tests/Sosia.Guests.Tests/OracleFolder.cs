using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;

namespace Sosia.Guests.Tests;

/// <summary>Programs that tests/tools/fetch-oracles.sh left in the user's cache, as folders <c>32</c> and <c>64</c>.</summary>
internal static class OracleFolder
{
    /// <summary>The folder of a set of programs.</summary>
    /// <returns>Null when it is not there.</returns>
    public static string? Find(string name)
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        }

        string folder = Path.Combine(cache, "sosia", name);
        return Directory.Exists(folder) ? folder : null;
    }

    /// <summary>Whether the host executes a program at all: a 64-bit kernel need not execute 32-bit ones.</summary>
    public static bool CanExecute(string program)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.Kill();
            process.WaitForExit();
            return true;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
