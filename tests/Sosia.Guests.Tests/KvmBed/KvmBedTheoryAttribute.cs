using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>A theory inside the bed: skipped, saying so, where there is none.</summary>
public sealed class KvmBedTheoryAttribute : TheoryAttribute
{
    public KvmBedTheoryAttribute()
    {
        Skip = KvmTestBed.WhyNot();
    }
}
