using Xunit;

namespace Sosia.SoftFloat.Tests;

/// <summary>A theory that needs testfloat_gen and says so when it is not there.</summary>
public sealed class TestFloatTheoryAttribute : TheoryAttribute
{
    public TestFloatTheoryAttribute()
    {
        if (TestFloatGenerator.ProgramPath is null)
        {
            Skip = "testfloat_gen is not built: run tests/tools/fetch-oracles.sh (Debian), or name it in SOSIA_TESTFLOAT_GEN";
        }
    }
}
