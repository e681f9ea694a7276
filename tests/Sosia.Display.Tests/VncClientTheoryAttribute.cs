using Xunit;

namespace Sosia.Display.Tests;

/// <summary>A test with LibVNCClient.</summary>
internal sealed class VncClientTheoryAttribute : TheoryAttribute
{
    public VncClientTheoryAttribute() => Skip = VncClient.Missing;
}
