using System;
using Xunit;

namespace Sosia.Devices.Tests.Fuzz;

public sealed class FuzzTests
{
    private const int Steps = 30_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_accesses_at_random_times_never_throw_and_two_runs_agree(int seed)
    {
        Assert.Equal(Run(seed, snapshotEvery: 0), Run(seed, snapshotEvery: 0));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Moving_to_a_fresh_board_by_snapshots_does_not_change_history(int seed)
    {
        Assert.Equal(Run(seed, snapshotEvery: 0), Run(seed, snapshotEvery: 1997));
    }

    private static ulong Run(int seed, int snapshotEvery)
    {
        var random = new Random(seed);
        var board = new FuzzBoard();
        for (int i = 1; i <= Steps; i++)
        {
            board.Step(random);
            if (snapshotEvery != 0 && i % snapshotEvery == 0)
            {
                FuzzBoard next = board.CopyIntoFreshBoard();
                board.Dispose();
                board = next;
            }
        }

        ulong digest = board.Digest;
        board.Dispose();
        return digest;
    }
}
