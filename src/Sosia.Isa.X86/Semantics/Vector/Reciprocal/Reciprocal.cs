using System;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>
/// RCPPS, RCPSS, RSQRTPS and RSQRTSS. Their results differ from processor to processor within a relative error of 1.5 × 2^-12 (SDM vol. 2); ours are the same on
/// every host: the exact value rounded to 12 fraction bits, ties up, with a relative error below 2^-13 + 2^-24. They raise no exception and do not depend on MXCSR;
/// denormal operands count as zero and denormal results become zero.
/// </summary>
internal static class Reciprocal
{
    private const uint SignBit = 0x8000_0000;
    private const uint Infinity = 0x7f80_0000;
    private const uint QuietBit = 0x0040_0000;
    private const uint DefaultNan = 0xffc0_0000;
    private const uint SmallestNormal = 0x0080_0000;

    /// <summary>An approximation of 1 ÷ a.</summary>
    public static uint Inverse(uint a)
    {
        uint magnitude = a & ~SignBit;
        if (magnitude > Infinity)
        {
            return a | QuietBit;
        }

        if (magnitude < SmallestNormal)
        {
            return (a & SignBit) | Infinity;
        }

        uint result = RoundTo12Bits((float)(1.0 / BitConverter.UInt32BitsToSingle(magnitude)));
        return (a & SignBit) | (result < SmallestNormal ? 0 : result);
    }

    /// <summary>An approximation of 1 ÷ √a.</summary>
    public static uint InverseSquareRoot(uint a)
    {
        uint magnitude = a & ~SignBit;
        if (magnitude > Infinity)
        {
            return a | QuietBit;
        }

        if (magnitude < SmallestNormal)
        {
            return (a & SignBit) | Infinity;
        }

        return a >= SignBit ? DefaultNan : RoundTo12Bits((float)(1.0 / Math.Sqrt(BitConverter.UInt32BitsToSingle(a))));
    }

    // A carry out of the fraction makes the exponent one more, as it should.
    private static uint RoundTo12Bits(float value) => (BitConverter.SingleToUInt32Bits(value) + 0x400) & ~0x7ffu;
}
