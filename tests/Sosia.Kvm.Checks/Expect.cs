using System.Collections.Generic;
using System.Globalization;

namespace Sosia.Kvm.Checks;

/// <summary>Comparisons that end a check.</summary>
internal static class Expect
{
    /// <summary>Two values are equal; numbers are shown in base 16.</summary>
    /// <exception cref="CheckFailedException">They are not.</exception>
    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new CheckFailedException($"{what}: {Show(actual)} instead of {Show(expected)}");
        }
    }

    /// <summary>Something is so.</summary>
    /// <exception cref="CheckFailedException">It is not.</exception>
    public static void True(bool condition, string what)
    {
        if (!condition)
        {
            throw new CheckFailedException($"not so: {what}");
        }
    }

    private static string Show<T>(T value) => value is ulong number ? string.Create(CultureInfo.InvariantCulture, $"0x{number:x}") : $"{value}";
}
