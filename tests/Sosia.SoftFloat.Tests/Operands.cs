using System;

namespace Sosia.SoftFloat.Tests;

/// <summary>Random operands that reach the corners: every class and encoding, sparse and dense significands, exponents near each other and near the limits.</summary>
internal sealed class Operands(int seed)
{
    private readonly Random _random = new(seed);

    public int Next(int limit) => _random.Next(limit);

    public ulong NextUInt64() => (ulong)_random.NextInt64(long.MinValue, long.MaxValue);

    /// <summary>A control word: mostly everything masked, sometimes any mask.</summary>
    public ushort NextControlWord()
    {
        int masks = Next(3) != 0 ? 0x3F : Next(64);
        int precision = Next(2) != 0 ? 3 : Next(4);
        return (ushort)(masks | 0x40 | (precision << 8) | (Next(4) << 10));
    }

    /// <summary>Any 80-bit encoding.</summary>
    public Float80 NextFloat80()
    {
        int field = Next(16) switch
        {
            0 => 0,
            1 => 0x7FFF,
            2 => Next(70),
            3 => 0x7FFE - Next(70),
            < 7 => Next(0x8000),
            < 9 => Float80.Bias + Next(70) - 35,
            _ => Float80.Bias + Next(10) - 5,
        };
        ulong significand = NextSignificand();
        if (Next(50) != 0 && field != 0)
        {
            significand |= 1UL << 63;
        }
        else if (field == 0 && Next(4) != 0)
        {
            significand &= ~(1UL << 63);
        }

        return new Float80((ushort)(field | (Next(2) << 15)), significand);
    }

    /// <summary>An operand that is often close to another one, so that sums cancel and quotients are small.</summary>
    public Float80 NextNear(Float80 other)
    {
        if (Next(3) != 0)
        {
            return NextFloat80();
        }

        int exponent = Math.Clamp(other.ExponentField + Next(140) - 70, 0, 0x7FFF);
        ulong significand = Next(2) == 0 ? other.Significand + (ulong)Next(5) - 2 : NextSignificand() | (1UL << 63);
        return new Float80((ushort)(exponent | (Next(2) << 15)), significand);
    }

    /// <summary>Any binary64 encoding.</summary>
    public ulong NextFloat64()
    {
        ulong field = (ulong)(Next(10) switch
        {
            0 => 0,
            1 => 0x7FF,
            2 => Next(60),
            3 => 0x7FE - Next(4),
            < 6 => Next(0x800),
            _ => 0x3FF + Next(60) - 30,
        });
        return (field << 52) | (NextSignificand() >> 12) | ((ulong)Next(2) << 63);
    }

    /// <summary>Any binary32 encoding.</summary>
    public uint NextFloat32()
    {
        uint field = (uint)(Next(10) switch
        {
            0 => 0,
            1 => 0xFF,
            2 => Next(30),
            3 => 0xFE - Next(4),
            < 6 => Next(0x100),
            _ => 0x7F + Next(30) - 15,
        });
        return (field << 23) | (uint)(NextSignificand() >> 41) | ((uint)Next(2) << 31);
    }

    private ulong NextSignificand() => Next(8) switch
    {
        0 => 0,
        1 => ulong.MaxValue << Next(64),
        2 => (1UL << Next(64)) - 1,
        3 => 1UL << Next(64),
        4 => (1UL << 62) | (1UL << Next(64)),
        5 => NextUInt64() & (ulong.MaxValue << Next(64)),
        _ => NextUInt64(),
    };
}
