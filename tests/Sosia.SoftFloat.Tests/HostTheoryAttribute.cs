using Xunit;

namespace Sosia.SoftFloat.Tests;

/// <summary>A theory that executes instructions on the host CPU and says so when it cannot.</summary>
public sealed class HostTheoryAttribute : TheoryAttribute
{
    public HostTheoryAttribute()
    {
        Skip = NativeCode.WhyNotAvailable;
    }
}
