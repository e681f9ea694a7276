using System;
using System.IO;

namespace Sosia.Guests.Tests;

/// <summary>Disks and discs that tests/tools/fetch-images.sh made from Debian's packages in the user's cache.</summary>
internal static class CachedImage
{
    /// <summary>An image's file.</summary>
    /// <param name="name">Its name in the cache.</param>
    /// <returns>Null when it has not been made.</returns>
    public static string? Find(string name)
        => OracleFolder.Find("images") is { } folder && File.Exists(Path.Combine(folder, name)) ? Path.Combine(folder, name) : null;

    /// <summary>Why a test on an image is skipped; null when it is not.</summary>
    public static string? WhyNot(string name)
        => Find(name) is null ? $"The image {name} has not been made: run tests/tools/fetch-images.sh (root on Debian)." : null;

    /// <summary>A copy that a test may write to, with holes where the image has them.</summary>
    /// <param name="name">The image's name.</param>
    /// <param name="target">The copy.</param>
    public static void Copy(string name, string target)
        => HostProgram.Run("cp", "--sparse=always", Find(name) ?? throw new InvalidOperationException(WhyNot(name)), target);
}
