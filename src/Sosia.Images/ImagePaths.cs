using System;
using System.IO;
using Sosia.Core;

namespace Sosia.Images;

/// <summary>The names of other files that images record.</summary>
internal static class ImagePaths
{
    /// <summary>A recorded name as a path: relative to the folder of the image that records it.</summary>
    /// <exception cref="SosiaException">It is no file name.</exception>
    public static string Resolve(string owner, string name)
    {
        if (name.StartsWith("json:", StringComparison.Ordinal))
        {
            throw new SosiaException($"The disk image '{owner}' names its backing file as a JSON text, which is not implemented; record a file name instead.");
        }

        if (name.StartsWith("file:", StringComparison.Ordinal))
        {
            name = name["file:".Length..];
        }

        int colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && name.IndexOf('/', StringComparison.Ordinal) is int slash && (slash < 0 || slash > colon))
        {
            throw new SosiaException($"The disk image '{owner}' names the backing file '{name}', which is not a file of this host; only files are implemented (write ./ before a name with a colon).");
        }

        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            throw new SosiaException($"The disk image '{owner}' has an impossible name for another file; it is damaged.");
        }

        return Path.IsPathRooted(name) ? name : Path.Combine(Path.GetDirectoryName(owner) ?? string.Empty, name);
    }
}
