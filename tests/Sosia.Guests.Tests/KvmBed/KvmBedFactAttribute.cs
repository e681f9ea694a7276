using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>A test inside the bed: skipped, saying so, where there is none.</summary>
public sealed class KvmBedFactAttribute : FactAttribute
{
    public KvmBedFactAttribute()
    {
        Skip = KvmTestBed.WhyNot();
    }
}
