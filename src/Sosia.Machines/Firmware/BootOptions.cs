using System;
using System.Collections.Generic;
using System.Globalization;
using Sosia.Core;

namespace Sosia.Machines.Firmware;

/// <summary>What a user says of starting from firmware: <c>ORDER[,once=ORDER][,menu][,menu-wait=MS][,retry=MS][,strict]</c>.</summary>
public sealed record BootOptions
{
    private const string Syntax = "ORDER[,once=ORDER][,menu][,menu-wait=MS][,retry=MS][,strict] with an order of c (disk), d (CD), a (floppy), n (network)";
    private const string Letters = "cdan";

    /// <summary>The order in which kinds of devices are tried, by their letters; kinds that are not named come behind, disks first.</summary>
    public string Order { get; init; } = string.Empty;

    /// <summary>The order of the first start only; null for the same.</summary>
    public string? Once { get; init; }

    /// <summary>True when the firmware offers its menu of boot devices.</summary>
    public bool HasMenu { get; init; }

    /// <summary>How long the menu's prompt stays, in milliseconds; null for the firmware's default.</summary>
    public int? MenuWaitMilliseconds { get; init; }

    /// <summary>After how many milliseconds the machine restarts when nothing could be started; null for never.</summary>
    public int? RetryMilliseconds { get; init; }

    /// <summary>True when nothing but what <see cref="Order"/> names is tried.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Understands the option.</summary>
    /// <exception cref="SosiaException">A part is unknown, repeated or impossible; the message names it.</exception>
    public static BootOptions Parse(string text)
    {
        var options = new BootOptions();
        HashSet<string> seen = [];
        foreach (string part in text.Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals >= 0 ? part[..equals] : part is "menu" or "strict" ? part : "order";
            string value = equals >= 0 ? part[(equals + 1)..] : key == "order" ? part : "on";
            if (!seen.Add(key))
            {
                throw new SosiaException($"The boot option '{text}' gives '{key}' twice; the form is {Syntax}.");
            }

            options = key switch
            {
                "order" => options with { Order = ParseOrder(value, text) },
                "once" => options with { Once = ParseOrder(value, text) },
                "menu" => options with { HasMenu = ParseSwitch(key, value, text) },
                "strict" => options with { IsStrict = ParseSwitch(key, value, text) },
                "menu-wait" => options with { MenuWaitMilliseconds = ParseTime(key, value, text) },
                "retry" => options with { RetryMilliseconds = ParseTime(key, value, text) },
                _ => throw new SosiaException($"The boot option '{text}' has the unknown part '{key}'; the form is {Syntax}."),
            };
        }

        return options;
    }

    /// <summary>The kinds that an order names, in that order, and unless strict the others behind.</summary>
    /// <param name="isFirstStart">True for the first start since power-on.</param>
    public IReadOnlyList<BootDeviceKind> Kinds(bool isFirstStart)
    {
        string order = isFirstStart && Once is not null ? Once : Order;
        List<BootDeviceKind> kinds = [];
        foreach (char letter in IsStrict && order.Length != 0 ? order : order + Letters)
        {
            var kind = (BootDeviceKind)Letters.IndexOf(letter, StringComparison.Ordinal);
            if (!kinds.Contains(kind))
            {
                kinds.Add(kind);
            }
        }

        return kinds;
    }

    private static string ParseOrder(string value, string text)
    {
        foreach (char letter in value)
        {
            if (!Letters.Contains(letter, StringComparison.Ordinal) || value.IndexOf(letter, StringComparison.Ordinal) != value.LastIndexOf(letter))
            {
                throw new SosiaException($"The boot option '{text}' has the order '{value}'; the form is {Syntax}, each letter once.");
            }
        }

        return value.Length != 0 ? value : throw new SosiaException($"The boot option '{text}' has an empty order; the form is {Syntax}.");
    }

    private static bool ParseSwitch(string key, string value, string text) => value switch
    {
        "on" => true,
        "off" => false,
        _ => throw new SosiaException($"The boot option '{text}' gives '{key}' the value '{value}'; say {key}, {key}=on or {key}=off."),
    };

    // Firmware keeps these times in 16 bits.
    private static int ParseTime(string key, string value, string text)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) && milliseconds <= ushort.MaxValue
            ? milliseconds
            : throw new SosiaException($"The boot option '{text}' gives '{key}' the value '{value}'; write milliseconds from 0 to {ushort.MaxValue}.");
}
