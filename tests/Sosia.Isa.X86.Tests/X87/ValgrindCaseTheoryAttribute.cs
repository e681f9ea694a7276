using Xunit;

namespace Sosia.Isa.X86.Tests.X87;

/// <summary>A theory on Valgrind's cases: skipped, saying so, where they are not installed.</summary>
public sealed class ValgrindCaseTheoryAttribute : TheoryAttribute
{
    public ValgrindCaseTheoryAttribute()
    {
        if (ValgrindCases.Folder is null)
        {
            Skip = "Valgrind's instruction cases are not here: unpack none/tests/{x86,amd64} of its source package and set SOSIA_VALGRIND_TESTS to that none/tests.";
        }
    }
}
