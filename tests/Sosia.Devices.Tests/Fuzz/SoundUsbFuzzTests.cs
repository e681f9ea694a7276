using System;
using Xunit;

namespace Sosia.Devices.Tests.Fuzz;

public sealed class SoundUsbFuzzTests
{
    private const int Steps = 8_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Drivers_of_sound_and_USB_gone_mad_never_throw_and_do_not_notice_snapshots(int seed)
        => Assert.Equal(Run(seed, snapshotEvery: 0), Run(seed, snapshotEvery: 997));

    private static ulong Run(int seed, int snapshotEvery)
    {
        var random = new Random(seed);
        var board = new SoundUsbFuzzBoard();
        for (int i = 1; i <= Steps; i++)
        {
            board.Step(random);
            if (snapshotEvery != 0 && i % snapshotEvery == 0)
            {
                SoundUsbFuzzBoard next = board.CopyIntoFreshBoard();
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
