namespace Sosia.Guests.Tests;

/// <summary>QEMU's test programs, executed once for all tests of a class.</summary>
public class TcgRun : ProgramRun
{
    public TcgRun()
        : this("interpreter")
    {
    }

    protected TcgRun(string engine)
        : base("tcg", alsoNatively: true, engine)
    {
    }
}
