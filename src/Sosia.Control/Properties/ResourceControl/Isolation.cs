using System;
using System.Collections.Generic;

namespace Sosia.Control.Properties.ResourceControl;

/// <summary>The list of isolation tests: hostile guests, none of which may get beyond its machine.</summary>
public static class Isolation
{
    /// <summary>How long a guest gets that ends by itself: generous, for hosts that do other things too.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>All tests, in the order of what they attack.</summary>
    public static IReadOnlyList<IsolationTest> Tests { get; } =
        [.. PrivilegeTests.All(), .. MemoryTests.All(), .. DeviceTests.All(), .. TimeTests.All(), .. CodeTests.All()];

    /// <summary>What every test asks besides its own question: that the host was not touched.</summary>
    internal static (bool Passed, string Evidence) Judge(BareGuest guest, bool passed, string evidence)
        => guest.IsHostWhole ? (passed, evidence) : (false, evidence + "; the fences around guest memory or the processor's state were written");
}
