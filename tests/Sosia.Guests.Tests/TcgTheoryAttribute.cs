using System.IO;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>A theory on QEMU's test programs: skipped, saying so, where they are not built or the host cannot execute them.</summary>
public sealed class TcgTheoryAttribute : TheoryAttribute
{
    public TcgTheoryAttribute()
    {
        if (OracleFolder.Find("tcg") is not { } folder)
        {
            Skip = "QEMU's test programs are not built: run tests/tools/fetch-oracles.sh (Debian).";
        }
        else if (!OracleFolder.CanExecute(Path.Combine(folder, "32", "test-i386")))
        {
            Skip = "This host does not execute 32-bit programs, so that there is nothing to compare test-i386 with.";
        }
    }
}
