using System;
using System.Globalization;
using Sosia.Core;

namespace Sosia.Control;

/// <summary>Understands sizes of guest memory as people write them.</summary>
public static class MemorySize
{
    /// <summary>Understands a whole number with the unit K, M, G or T (binary multiples); without a unit it counts MiB.</summary>
    /// <returns>Bytes.</returns>
    /// <exception cref="SosiaException">The text is something else, or too large.</exception>
    public static ulong Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch
        {
            'K' => 10,
            'M' => 20,
            'G' => 30,
            'T' => 40,
            _ => 0,
        };
        if (!ulong.TryParse(shift == 0 ? text : text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            || number > ulong.MaxValue >> Math.Max(shift, 20))
        {
            throw new SosiaException($"The memory size '{text}' cannot be understood; write a number with a unit, such as 512M or 1G.");
        }

        return number << (shift == 0 ? 20 : shift);
    }
}
