namespace Sosia.Guests.Tests;

/// <summary>Linux's x86 selftests, executed once for all tests of a class; not on the host, because some write to I/O ports.</summary>
public class SelftestRun : ProgramRun
{
    public SelftestRun()
        : this("interpreter")
    {
    }

    protected SelftestRun(string engine)
        : base("selftests", alsoNatively: false, engine)
    {
    }
}
