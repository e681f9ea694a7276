using System;
using System.IO;

namespace Sosia.Isa.X86.Tests.Vectors;

/// <summary>Where recorded test vectors are: the environment variable SOSIA_VECTORS, or <c>shared/vectors</c> beside the checkout.</summary>
internal static class VectorFolder
{
    /// <summary>The folder of one set of vectors.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null when it is not there.</returns>
    public static string? Find(string name)
    {
        string? configured = Environment.GetEnvironmentVariable("SOSIA_VECTORS");
        if (!string.IsNullOrEmpty(configured))
        {
            string folder = Path.Combine(configured, name);
            return Directory.Exists(folder) ? folder : null;
        }

        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Sosia.slnx")))
            {
                string folder = Path.Combine(at.FullName, "..", "shared", "vectors", name);
                return Directory.Exists(folder) ? folder : null;
            }
        }

        return null;
    }
}
