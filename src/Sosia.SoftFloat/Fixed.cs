using System;
using System.Runtime.CompilerServices;

namespace Sosia.SoftFloat;

/// <summary>A number from 0 to below 2 with 127 bits after the binary point, for the power series of the transcendental functions.</summary>
internal readonly struct Fixed(ulong high, ulong low)
{
    private readonly ulong _high = high;
    private readonly ulong _low = low;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Fixed Add(Fixed x, Fixed y)
    {
        ulong low = x._low + y._low;
        return new Fixed(x._high + y._high + (low < y._low ? 1UL : 0), low);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Fixed Subtract(Fixed x, Fixed y) =>
        new(x._high - y._high - (x._low < y._low ? 1UL : 0), x._low - y._low);

    /// <summary>The product, at most 2^-125 too small.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Fixed Multiply(Fixed x, Fixed y)
    {
        ulong high = Math.BigMul(x._high, y._high, out ulong low);
        ulong cross = Math.BigMul(x._high, y._low, out _);
        ulong other = Math.BigMul(x._low, y._high, out _);
        low += cross;
        high += low < cross ? 1UL : 0;
        low += other;
        high += low < other ? 1UL : 0;
        return new Fixed((high << 1) | (low >> 63), low << 1);
    }

    /// <summary>The fixed-point value of a positive number below 2.</summary>
    public static Fixed FromWide(in Wide x)
    {
        ulong high = x.High;
        ulong low = x.Low;
        Bits.ShiftRightSticky(ref high, ref low, -x.Exponent);
        return new Fixed(high, low);
    }

    public Wide ToWide() => Wide.FromFraction(negative: false, 1, _high, _low);
}
