using System;
using System.Collections.Generic;
using System.IO;

namespace Sosia.Isa.X86.Tests.X87;

/// <summary>
/// Valgrind's x87 cases, <c>none/tests/{x86,amd64}/insn_fpu.def</c> of its source package: in the folder that SOSIA_VALGRIND_TESTS names (its
/// <c>none/tests</c>), or in <c>sosia/valgrind</c> of the user's cache.
/// </summary>
internal static class ValgrindCases
{
    private const string FileName = "insn_fpu.def";

    public static readonly string? Folder = FindFolder();

    /// <summary>The case lines of a processor.</summary>
    public static IEnumerable<string> Lines(string processor)
    {
        foreach (string line in File.ReadLines(Path.Combine(Folder!, processor, FileName)))
        {
            if (line.Length != 0 && line[0] != '#')
            {
                yield return line;
            }
        }
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

        return File.Exists(Path.Combine(folder, "x86", FileName)) && File.Exists(Path.Combine(folder, "amd64", FileName)) ? folder : null;
    }
}
