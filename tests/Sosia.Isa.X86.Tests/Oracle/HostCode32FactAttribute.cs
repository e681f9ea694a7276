using Xunit;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>A test that needs a host which executes 32-bit code; it stands for the 32-bit halves of the oracle tests, which are left out without it.</summary>
public sealed class HostCode32FactAttribute : FactAttribute
{
    public HostCode32FactAttribute()
    {
        if (!NativeOracle.Has32BitCode)
        {
            Skip = "This host has no segment for 32-bit code: the 32-bit halves of the tests with the host CPU as oracle are left out.";
        }
    }
}
