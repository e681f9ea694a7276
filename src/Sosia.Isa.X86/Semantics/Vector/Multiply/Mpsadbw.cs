using System;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MPSADBW: sums of the differences between one group of four source bytes and eight overlapping groups of the destination.</summary>
internal readonly struct Mpsadbw : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        int sourceStart = (immediate & 3) * 4;
        int destinationStart = (immediate >> 2 & 1) * 4;
        Vector128<ushort> result = default;
        for (int i = 0; i < 8; i++)
        {
            int sum = 0;
            for (int j = 0; j < 4; j++)
            {
                sum += Math.Abs(destination.GetElement(destinationStart + i + j) - source.GetElement(sourceStart + j));
            }

            result = result.WithElement(i, (ushort)sum);
        }

        return result.AsByte();
    }
}
