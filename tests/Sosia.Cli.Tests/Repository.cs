using System;
using System.IO;

namespace Sosia.Cli.Tests;

/// <summary>Where things are in the repository that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Guests => Path.Combine(Root, "guests");

    /// <summary>The program under test: what ./test built for users, or the plain build of the solution.</summary>
    public static string Program
    {
        get
        {
            string program = Environment.GetEnvironmentVariable("SOSIA_BINARY")
                ?? Path.Combine(Root, "src", "Sosia.Cli", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "sosia");
            return File.Exists(program) ? program : throw new FileNotFoundException("The program under test is not built.", program);
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sosia.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("The tests do not run within the repository.");
    }
}
