namespace Sosia.Guests.Tests;

/// <summary>QEMU's test programs, executed once for all tests of a class.</summary>
public sealed class TcgRun : ProgramRun
{
    public TcgRun()
        : base("tcg", alsoNatively: true)
    {
    }
}
