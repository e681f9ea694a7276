using System;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>A fact about file permissions, which the superuser does not feel.</summary>
public sealed class FactUnlessRootAttribute : FactAttribute
{
    public FactUnlessRootAttribute()
    {
        if (Environment.IsPrivilegedProcess)
        {
            Skip = "the superuser may read every file; run the tests as another user";
        }
    }
}
