using System.Linq;
using Sosia.Control;
using Sosia.Control.Properties.ResourceControl;
using Xunit;

namespace Sosia.Machines.Tests.Properties;

/// <summary>The hostile guests of <c>compare --properties</c>, under every engine that works here.</summary>
public sealed class IsolationTests
{
    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (string engine in EngineRegistry.Describe().Where(static e => e.WhyNot is null).Select(static e => e.Name))
        {
            foreach (IsolationTest test in Isolation.Tests)
            {
                cases.Add(engine, test.Name);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_hostile_guest_does_not_get_beyond_its_machine(string engine, string name)
    {
        IsolationResult result = Isolation.Tests.Single(t => t.Name == name).Run(() => EngineRegistry.Create(engine));
        Assert.True(result.Passed, result.Evidence);
    }
}
