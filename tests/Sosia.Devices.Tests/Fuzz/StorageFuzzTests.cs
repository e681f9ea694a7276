using System;
using Xunit;

namespace Sosia.Devices.Tests.Fuzz;

public sealed class StorageFuzzTests
{
    private const int Steps = 8_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_storage_driver_gone_mad_never_throws_and_does_not_notice_snapshots(int seed)
        => Assert.Equal(Run(seed, snapshotEvery: 0), Run(seed, snapshotEvery: 997));

    private static ulong Run(int seed, int snapshotEvery)
    {
        var random = new Random(seed);
        var board = new StorageFuzzBoard();
        for (int i = 1; i <= Steps; i++)
        {
            board.Step(random);
            if (snapshotEvery != 0 && i % snapshotEvery == 0)
            {
                StorageFuzzBoard next = board.CopyIntoFreshBoard();
                board.Dispose();
                board = next;
            }
        }

        board.Finish();
        ulong digest = board.Digest;
        board.Dispose();
        return digest;
    }
}
