using System;
using System.Collections.Generic;
using System.IO;

namespace Sosia.Isa.X86.Tests.Valgrind;

/// <summary>
/// Valgrind's instruction cases, <c>none/tests/{x86,amd64}/insn_*.def</c> of its source package: in the folder that SOSIA_VALGRIND_TESTS names (its
/// <c>none/tests</c>), or in <c>sosia/valgrind</c> of the user's cache.
/// </summary>
internal static class ValgrindCases
{
    public static readonly string? Folder = FindFolder();

    /// <summary>The cases of a file.</summary>
    /// <param name="processor">The folder, <c>x86</c> or <c>amd64</c>.</param>
    /// <param name="file">The file's name between <c>insn_</c> and <c>.def</c>.</param>
    public static List<ValgrindCase> Read(string processor, string file)
    {
        var cases = new List<ValgrindCase>();
        foreach (string line in File.ReadLines(Path.Combine(Folder!, processor, $"insn_{file}.def")))
        {
            if (line.Length != 0 && line[0] != '#')
            {
                cases.Add(new ValgrindCase(line));
            }
        }

        return cases;
    }

    private static string? FindFolder()
    {
        string? folder = Environment.GetEnvironmentVariable("SOSIA_VALGRIND_TESTS");
        if (string.IsNullOrEmpty(folder))
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(cache))
            {
                cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            }

            folder = Path.Combine(cache, "sosia", "valgrind");
        }

        return Directory.Exists(Path.Combine(folder, "x86")) && Directory.Exists(Path.Combine(folder, "amd64")) ? folder : null;
    }
}
