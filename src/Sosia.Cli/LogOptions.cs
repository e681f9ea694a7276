using System;
using System.Globalization;
using Sosia.Control.Inspection;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>What <c>--log</c> says: <c>in_asm,ir,out_asm,filter=ADDR..ADDR</c>.</summary>
internal sealed record LogOptions
{
    /// <summary>What of each translation.</summary>
    public TranslationParts Parts { get; private init; }

    /// <summary>The first instruction address that is wanted.</summary>
    public ulong First { get; private init; }

    /// <summary>The last one.</summary>
    public ulong Last { get; private init; } = ulong.MaxValue;

    /// <summary>Understands the option's value.</summary>
    /// <exception cref="SosiaException">A part is unknown, or nothing is named.</exception>
    public static LogOptions Parse(string text)
    {
        var options = new LogOptions();
        foreach (string part in text.Split(','))
        {
            options = part switch
            {
                "in_asm" => options with { Parts = options.Parts | TranslationParts.Guest },
                "ir" => options with { Parts = options.Parts | TranslationParts.Intermediate },
                "out_asm" => options with { Parts = options.Parts | TranslationParts.Host },
                _ when part.StartsWith("filter=", StringComparison.Ordinal) => options.WithFilter(part["filter=".Length..]),
                _ => throw new SosiaException($"The log '{part}' is unknown; choose from in_asm, ir, out_asm and filter=ADDRESS..ADDRESS."),
            };
        }

        return options.Parts != TranslationParts.None
            ? options
            : throw new SosiaException($"The log '{text}' names nothing to write; choose from in_asm, ir and out_asm.");
    }

    private static bool TryParse(string text, out ulong address)
        => ulong.TryParse(text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(2) : text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out address);

    private LogOptions WithFilter(string range)
    {
        string[] ends = range.Split("..");
        return ends.Length == 2 && TryParse(ends[0], out ulong first) && TryParse(ends[1], out ulong last) && first <= last
            ? this with { First = first, Last = last }
            : throw new SosiaException($"The filter '{range}' of --log cannot be understood; write two addresses, such as filter=0x401000..0x4010ff.");
    }
}
