using System;

namespace Sosia.Cli.Tests;

/// <summary>A fact about a guest for which a file system has to be mounted on the host.</summary>
public sealed class RootGuestFactAttribute : GuestFactAttribute
{
    public RootGuestFactAttribute(string guest)
        : base(guest)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Skip = "only the superuser may mount a small file system";
        }
    }
}
