using System;
using Sosia.Control;
using Sosia.Control.Lockstep;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>Engines take over from each other at any instruction boundary, and nothing changes by it.</summary>
[Trait("Category", "Boot")]
public sealed class EngineHandOverTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Switching_engines_at_random_through_a_whole_boot_changes_nothing(int seed)
    {
        SwitchingEngine? switching = null;
        LockstepResult result = LockstepRun.Run(new LockstepOptions
        {
            Machine = EmbeddedGuest.Options(ClockMode.Deterministic, "sosia.run=\"bench --iterations 1\" sosia.quit"),
            Tested = SwitchingEngine.EngineName,
            // Not often: the comparison's own steps are boundaries too.
            Every = 1_000_003,
            CreateEngine = (name, options) => name == SwitchingEngine.EngineName ? switching = SwitchingEngine.CreateOfAll(seed, options) : EngineRegistry.Create(name, options),
        });
        Assert.True(result.Divergence is null, result.Divergence?.Report);
        Assert.Equal(StopReason.PoweredOff, result.End.Reason);
        Assert.Contains("Power down", result.Transcript, StringComparison.Ordinal);
        // One stint in two goes to the other of two engines.
        Assert.InRange(switching!.SwitchCount, result.Instructions / 20_000, result.Instructions / 2_000);
    }
}
