using System;
using System.Globalization;
using Sosia.Control;
using Sosia.Core;
using Sosia.Engines.Recompiler;

namespace Sosia.Cli;

/// <summary>Understands the values of options.</summary>
internal static class OptionValue
{
    /// <summary>A time: a number with the unit ms, s, m or h; without a unit, seconds.</summary>
    public static TimeSpan Duration(string option, string text)
    {
        (string unit, double seconds) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => ("ms", 0.001),
            _ when text.EndsWith('s') => ("s", 1),
            _ when text.EndsWith('m') => ("m", 60),
            _ when text.EndsWith('h') => ("h", 3600.0),
            _ => (string.Empty, 1),
        };
        return double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number * seconds is > 0 and < 1e9
            ? TimeSpan.FromSeconds(number * seconds)
            : throw new SosiaException($"The time '{text}' of {option} cannot be understood; write a number with a unit, such as 90s or 5m.");
    }

    /// <summary>An I/O port, decimal or with 0x.</summary>
    public static int Port(string option, string text)
    {
        bool isHexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ushort.TryParse(isHexadecimal ? text.AsSpan(2) : text, isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? port
            : throw new SosiaException($"The I/O port '{text}' of {option} cannot be understood; write a number from 0 to 0xffff, such as 0xf4.");
    }

    /// <summary>A guest physical address, decimal or with 0x.</summary>
    public static ulong Address(string option, string text)
    {
        bool isHexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(isHexadecimal ? text.AsSpan(2) : text, isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ulong address)
            ? address
            : throw new SosiaException($"The address '{text}' of {option} cannot be understood; write a number such as 0x7c00.");
    }

    /// <summary>A size of the cache of translations.</summary>
    public static long CacheSize(string option, string text)
    {
        ulong byteCount;
        try
        {
            byteCount = MemorySize.Parse(text);
        }
        catch (SosiaException)
        {
            byteCount = 0;
        }

        return byteCount is >= RecompilerOptions.MinCacheByteCount and <= RecompilerOptions.MaxCacheByteCount
            ? (long)byteCount
            : throw new SosiaException($"The size '{text}' of {option} is impossible; choose from 1M to 2G, such as 64M.");
    }

    /// <summary>A choice between two.</summary>
    public static bool Switch(string option, string text) => text switch
    {
        "on" => true,
        "off" => false,
        _ => throw new SosiaException($"The value '{text}' of {option} is unknown; say on or off."),
    };

    /// <summary>The seed of random decisions.</summary>
    public static int Seed(string option, string text)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seed)
            ? seed
            : throw new SosiaException($"The seed '{text}' of {option} cannot be understood; write a whole number from 0 to {int.MaxValue}.");

    /// <summary>A whole number, however large.</summary>
    public static long LongCount(string option, string text)
        => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count) && count > 0
            ? count
            : throw new SosiaException($"The number '{text}' of {option} cannot be understood; write a whole number from 1.");

    /// <summary>A whole number.</summary>
    public static int Count(string option, string text)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
            ? count
            : throw new SosiaException($"The number '{text}' of {option} cannot be understood; write a whole number from 1.");
}
