using System.Runtime.Intrinsics.X86;
using Xunit;

namespace Sosia.Isa.X86.Tests.Vector;

/// <summary>A test that needs the vector instructions of an x86 host: skipped, with the reason, elsewhere.</summary>
public sealed class SkippableOnOtherHostsFactAttribute : FactAttribute
{
    public SkippableOnOtherHostsFactAttribute()
    {
        if (!Sse41.IsSupported)
        {
            Skip = "The host CPU is the oracle of this test: it needs SSE4.1.";
        }
    }
}
