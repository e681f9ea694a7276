using System;

namespace Sosia.Images.Fat;

/// <summary>The name that a file has on the host until it is whole. Nothing of the user's has such a name, and the guest cannot give it.</summary>
internal static class FatTemporaryName
{
    private const string Prefix = ".sosia-";
    private const string Suffix = ".tmp";
    private const int DigitCount = 32;

    public static string Make() => Prefix + Guid.NewGuid().ToString("N") + Suffix;

    public static bool IsOne(string name)
        => name.Length == Prefix.Length + DigitCount + Suffix.Length
            && name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && name.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase)
            && !name.AsSpan(Prefix.Length, DigitCount).ContainsAnyExcept("0123456789abcdefABCDEF");
}
