using Xunit;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>A theory that needs the host CPU as oracle: skipped, with the reason, where the host is not Linux on x86-64.</summary>
public sealed class HostCpuTheoryAttribute : TheoryAttribute
{
    public HostCpuTheoryAttribute()
    {
        if (!NativeOracle.IsSupported)
        {
            Skip = "The host CPU is the oracle of this test: it needs Linux on x86-64.";
        }
    }
}
