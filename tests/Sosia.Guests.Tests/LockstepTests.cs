using Sosia.Control;
using Sosia.Control.Lockstep;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>Two engines run the same boot side by side and must agree all the way.</summary>
[Trait("Category", "Boot")]
public sealed class LockstepTests
{
    [Fact]
    public void The_recompiler_boots_the_embedded_guest_as_the_interpreter_does()
    {
        LockstepResult result = LockstepRun.Run(new LockstepOptions
        {
            Machine = EmbeddedGuest.Options(ClockMode.Deterministic, "sosia.run=\"bench --iterations 1\" sosia.quit"),
        });
        Assert.True(result.Divergence is null, result.Divergence?.Report);
        Assert.Equal(StopReason.PoweredOff, result.End.Reason);
        Assert.Contains("Power down", result.Transcript, System.StringComparison.Ordinal);
    }
}
