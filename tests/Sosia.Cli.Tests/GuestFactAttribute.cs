using Sosia.Control.Guests;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>A fact about a guest whose images may have to be fetched first.</summary>
public class GuestFactAttribute : FactAttribute
{
    public GuestFactAttribute(string guest)
    {
        if (!new GuestCatalog(Repository.Guests).Find(guest).IsComplete)
        {
            Skip = $"the guest's images are not here; run './sosia guests fetch {guest}'";
        }
    }
}
