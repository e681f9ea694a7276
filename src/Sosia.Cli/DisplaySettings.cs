using System;
using Sosia.Core;
using Sosia.Display.Rfb;

namespace Sosia.Cli;

/// <summary>What <c>--display</c> says.</summary>
internal sealed record DisplaySettings
{
    /// <summary>Nowhere.</summary>
    public static DisplaySettings None { get; } = new();

    /// <summary>The VNC server; null for none.</summary>
    public VncOptions? Vnc { get; private init; }

    /// <summary>True for this terminal.</summary>
    public bool IsTerminal { get; private init; }

    /// <summary>True when the screen is shown somewhere.</summary>
    public bool IsShown => IsTerminal || Vnc is not null;

    /// <summary>Reads the option's value.</summary>
    /// <exception cref="SosiaException">It is unknown, or not wise.</exception>
    public static DisplaySettings Parse(string text)
    {
        if (text.StartsWith("vnc=", StringComparison.Ordinal))
        {
            return new DisplaySettings { Vnc = VncOptions.Parse(text["vnc=".Length..]) };
        }

        return text switch
        {
            "none" => None,
            "terminal" => new DisplaySettings { IsTerminal = true },
            _ => throw new SosiaException($"The display '{text}' is unknown; use --display none, terminal or {VncOptions.Form}."),
        };
    }
}
