using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>A theory on Linux's x86 selftests: skipped, saying so, where they are not built.</summary>
public sealed class SelftestTheoryAttribute : TheoryAttribute
{
    public SelftestTheoryAttribute()
    {
        if (OracleFolder.Find("selftests") is null)
        {
            Skip = "Linux's x86 selftests are not built: run tests/tools/fetch-oracles.sh (Debian).";
        }
    }
}
