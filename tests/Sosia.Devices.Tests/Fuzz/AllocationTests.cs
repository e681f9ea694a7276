using System;
using Xunit;

namespace Sosia.Devices.Tests.Fuzz;

public sealed class AllocationTests
{
    [Fact]
    public void Accesses_and_timers_in_steady_state_allocate_nothing()
    {
        using var board = new FuzzBoard();
        board.RunSteadyState(2_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        board.RunSteadyState(2_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
