using Xunit;

namespace Sosia.Guests.Tests.Nesting;

/// <summary>A test that runs the published program in a guest: skipped, saying so, where the program or what makes a disk of it is missing.</summary>
public sealed class NestingFactAttribute : FactAttribute
{
    public NestingFactAttribute()
    {
        Skip = NestedDisk.WhyNot();
    }
}
