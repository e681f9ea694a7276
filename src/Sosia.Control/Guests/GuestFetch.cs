using System.Collections.Generic;

namespace Sosia.Control.Guests;

/// <summary>How a guest's images come from the distribution's packages.</summary>
public sealed record GuestFetch
{
    /// <summary>The packages to download and unpack.</summary>
    public IReadOnlyList<GuestPackage> Packages { get; init; } = [];

    /// <summary>What to copy out of them.</summary>
    public IReadOnlyList<GuestFile> Files { get; init; } = [];

    /// <summary>What to build from them.</summary>
    public IReadOnlyList<GuestBuild> Build { get; init; } = [];
}
