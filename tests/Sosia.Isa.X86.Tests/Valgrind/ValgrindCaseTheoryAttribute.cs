using Xunit;

namespace Sosia.Isa.X86.Tests.Valgrind;

/// <summary>A theory on Valgrind's cases: skipped, saying so, where they or the assembler are not installed.</summary>
public sealed class ValgrindCaseTheoryAttribute : TheoryAttribute
{
    public ValgrindCaseTheoryAttribute()
    {
        if (ValgrindCases.Folder is null)
        {
            Skip = "Valgrind's instruction cases are not here: run tests/tools/fetch-oracles.sh (Debian), or set SOSIA_VALGRIND_TESTS to none/tests of its source.";
        }
        else if (ValgrindAssembler.ProgramPath is null)
        {
            Skip = "Valgrind's instruction cases need an assembler: install the package binutils.";
        }
    }
}
