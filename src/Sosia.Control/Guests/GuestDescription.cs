using System.Collections.Generic;

namespace Sosia.Control.Guests;

/// <summary>What a guest's <c>guest.json</c> says; guests/README.md explains every field.</summary>
public sealed record GuestDescription
{
    /// <summary>The folder's name.</summary>
    public required string Name { get; init; }

    /// <summary>One line for lists.</summary>
    public required string Description { get; init; }

    /// <summary>The instruction set architecture: "x86".</summary>
    public required string Isa { get; init; }

    /// <summary>The machine's name.</summary>
    public required string Machine { get; init; }

    /// <summary>Guest RAM, as for <c>--memory</c>.</summary>
    public required string Memory { get; init; }

    /// <summary>The number of processors.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>The kernel, relative to the guest's image folder.</summary>
    public required string Kernel { get; init; }

    /// <summary>The initial RAM disk, relative to the guest's image folder; null for none.</summary>
    public string? Initrd { get; init; }

    /// <summary>The kernel command line.</summary>
    public string Append { get; init; } = string.Empty;

    /// <summary>Values for <c>--drive</c>.</summary>
    public IReadOnlyList<string> Drives { get; init; } = [];

    /// <summary>The text on the console that says that the boot is complete.</summary>
    public required string Prompt { get; init; }

    /// <summary>What to type at the prompt to power the guest off; null if there is no such thing.</summary>
    public string? Poweroff { get; init; }

    /// <summary>Seconds after which a test gives up.</summary>
    public int Timeout { get; init; } = 120;

    /// <summary>Where the images come from, in words.</summary>
    public required string Source { get; init; }

    /// <summary>How to get the images; null if they are kept beside the description.</summary>
    public GuestFetch? Fetch { get; init; }
}
