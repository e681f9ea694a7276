using System;

namespace Sosia.Isa.X86.Tests.X87;

/// <summary>Random operands of every format, most of them on the edge of something.</summary>
public static class X87Values
{
    private const ulong IntegerBit = 1UL << 63;

    /// <summary>An 80-bit value of any class, also the encodings that the 387 refuses.</summary>
    public static (ulong Significand, ushort SignExponent) Extended(Random random)
    {
        int sign = random.Next(2) << 15;
        ulong significand = Significand(random);
        return random.Next(20) switch
        {
            0 => (0, (ushort)sign),
            1 => (IntegerBit, (ushort)(sign | 0x7fff)),
            // NaNs, quiet and signalling.
            2 => (significand | (3UL << 62), (ushort)(sign | 0x7fff)),
            3 => ((significand & ~(1UL << 62)) | IntegerBit | 1, (ushort)(sign | 0x7fff)),
            // Denormals, pseudo-denormals.
            4 => (significand & ~IntegerBit, (ushort)sign),
            5 => (significand | IntegerBit, (ushort)sign),
            // Unnormals, pseudo-infinities, pseudo-NaNs.
            6 => (significand & ~IntegerBit, (ushort)(sign | random.Next(1, 0x8000))),
            // The ends of the range.
            7 => (significand | IntegerBit, (ushort)(sign | (0x7ffe - random.Next(70)))),
            8 => (significand | IntegerBit, (ushort)(sign | random.Next(1, 70))),
            9 => (significand | IntegerBit, (ushort)(sign | random.Next(0x7fff))),
            // Where binary32 and binary64 end.
            10 => (significand | IntegerBit, (ushort)(sign | (0x3fff + random.Next(120, 135)))),
            11 => (significand | IntegerBit, (ushort)(sign | (0x3fff - random.Next(120, 155)))),
            12 => (significand | IntegerBit, (ushort)(sign | (0x3fff + random.Next(1018, 1030)))),
            13 => (significand | IntegerBit, (ushort)(sign | (0x3fff - random.Next(1018, 1080)))),
            14 or 15 => Integer(random.Next(4) == 0 ? random.NextInt64() >> random.Next(64) : random.Next(-40, 40)),
            _ => (significand | IntegerBit, (ushort)(sign | (0x3fff + random.Next(-70, 70)))),
        };
    }

    /// <summary>A value within a range of magnitudes: 2^<paramref name="lowest"/> up to below 2^(<paramref name="highest"/> + 1).</summary>
    public static (ulong Significand, ushort SignExponent) Between(Random random, int lowest, int highest)
        => (Significand(random) | IntegerBit, (ushort)((random.Next(2) << 15) | (0x3fff + random.Next(lowest, highest + 1))));

    /// <summary>An integer as an 80-bit value.</summary>
    public static (ulong Significand, ushort SignExponent) Integer(long value)
    {
        if (value == 0)
        {
            return (0, 0);
        }

        ulong magnitude = (ulong)Math.Abs(value);
        int shift = System.Numerics.BitOperations.LeadingZeroCount(magnitude);
        return (magnitude << shift, (ushort)((value < 0 ? 0x8000 : 0) | (0x3fff + 63 - shift)));
    }

    /// <summary>A binary32 value of any class.</summary>
    public static uint Single(Random random)
    {
        uint sign = (uint)random.Next(2) << 31;
        uint fraction = (uint)(Significand(random) >> 41);
        return sign | random.Next(8) switch
        {
            0 => 0,
            1 => 0x7f80_0000,
            2 => 0x7fc0_0000 | fraction,
            3 => 0x7f80_0001 | (fraction & 0x3f_ffff),
            4 => fraction,
            _ => fraction | ((uint)random.Next(random.Next(2) == 0 ? 255 : 3, 255) << 23),
        };
    }

    /// <summary>A binary64 value of any class.</summary>
    public static ulong Double(Random random)
    {
        ulong sign = (ulong)random.Next(2) << 63;
        ulong fraction = Significand(random) >> 12;
        return sign | random.Next(8) switch
        {
            0 => 0,
            1 => 0x7ff0_0000_0000_0000,
            2 => 0x7ff8_0000_0000_0000 | fraction,
            3 => 0x7ff0_0000_0000_0001 | (fraction & 0x7_ffff_ffff_ffff),
            4 => fraction,
            _ => fraction | ((ulong)(random.Next(2) == 0 ? random.Next(2047) : random.Next(950, 1090)) << 52),
        };
    }

    /// <summary>Eighteen packed decimal digits.</summary>
    public static (ulong Low, ushort High) PackedDecimal(Random random)
    {
        ulong low = 0;
        for (int i = 0; i < 16; i++)
        {
            low = (low << 4) | (uint)random.Next(10);
        }

        ushort high = (ushort)((random.Next(2) << 15) | (random.Next(10) << 4) | random.Next(10));
        return random.Next(4) == 0 ? (low & 0xffff, (ushort)(high & 0x8000)) : (low, high);
    }

    // Long runs of ones and zeros, and halves of a unit at the places where the precision control rounds.
    private static ulong Significand(Random random)
    {
        ulong value = (ulong)random.NextInt64() ^ ((ulong)random.Next(2) << 63);
        return random.Next(8) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => ulong.MaxValue << random.Next(64),
            3 => value & (ulong.MaxValue << 40),
            4 => (value & (ulong.MaxValue << 40)) | (1UL << 39),
            5 => (value & (ulong.MaxValue << 11)) | (1UL << 10),
            _ => value,
        };
    }
}
