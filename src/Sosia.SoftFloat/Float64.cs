using System;
using System.Runtime.CompilerServices;

namespace Sosia.SoftFloat;

/// <summary>
/// IEEE 754 binary64 on raw bits, with x86's results and exceptions. Rounding to nearest with ordinary operands uses the host's hardware and
/// derives Precision from the operation's exact residue; everything else goes through the complete software route.
/// </summary>
/// <remarks>
/// The hardware route assumes the host's own default environment (round to nearest, no flush to zero), which .NET guarantees. It is taken only when operands and result
/// are far enough inside the normal range that no other exception is possible and the residue is exact.
/// </remarks>
public static class Float64
{
    /// <summary>The real indefinite, the default NaN of x86.</summary>
    public const ulong DefaultNan = 0xFFF8_0000_0000_0000;

    private const ulong SignBit = 0x8000_0000_0000_0000;

    /// <summary>a + b.</summary>
    public static ulong Add(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        double sum = x + y;
        return TryAcceptSum(a, b, x, y, sum, ref env)
            ? BitConverter.DoubleToUInt64Bits(sum)
            : Binary<Binary64>.Add(a, b, subtract: false, ref env);
    }

    /// <summary>a - b.</summary>
    public static ulong Subtract(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = -BitConverter.UInt64BitsToDouble(b);
        double sum = x + y;
        return TryAcceptSum(a, b, x, y, sum, ref env)
            ? BitConverter.DoubleToUInt64Bits(sum)
            : Binary<Binary64>.Add(a, b, subtract: true, ref env);
    }

    /// <summary>a × b.</summary>
    public static ulong Multiply(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        double product = x * y;
        ulong result = BitConverter.DoubleToUInt64Bits(product);
        if (env.Rounding == FpRounding.NearestEven && IsOrdinary(a) && IsOrdinary(b) && IsInner(result))
        {
            if ((env.Flags & FpExceptions.Precision) == 0 && Math.FusedMultiplyAdd(x, y, -product) != 0)
            {
                env.Raise(FpExceptions.Precision);
            }

            return result;
        }

        return Binary<Binary64>.Multiply(a, b, ref env);
    }

    /// <summary>a ÷ b.</summary>
    public static ulong Divide(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        double quotient = x / y;
        ulong result = BitConverter.DoubleToUInt64Bits(quotient);
        if (env.Rounding == FpRounding.NearestEven && IsInner(a) && IsInner(b) && IsInner(result))
        {
            if ((env.Flags & FpExceptions.Precision) == 0 && Math.FusedMultiplyAdd(-quotient, y, x) != 0)
            {
                env.Raise(FpExceptions.Precision);
            }

            return result;
        }

        return Binary<Binary64>.Divide(a, b, ref env);
    }

    /// <summary>√a.</summary>
    public static ulong SquareRoot(ulong a, ref FpEnvironment env)
    {
        if (env.Rounding == FpRounding.NearestEven && IsInner(a) && (a & SignBit) == 0)
        {
            double x = BitConverter.UInt64BitsToDouble(a);
            double root = Math.Sqrt(x);
            if ((env.Flags & FpExceptions.Precision) == 0 && Math.FusedMultiplyAdd(-root, root, x) != 0)
            {
                env.Raise(FpExceptions.Precision);
            }

            return BitConverter.DoubleToUInt64Bits(root);
        }

        return Binary<Binary64>.SquareRoot(a, ref env);
    }

    /// <summary>a × b + c with a single rounding.</summary>
    public static ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, ref FpEnvironment env)
    {
        if (env.Rounding == FpRounding.NearestEven && (env.Flags & FpExceptions.Precision) != 0
            && IsOrdinary(a) && IsOrdinary(b) && IsOrdinary(c))
        {
            double sum = Math.FusedMultiplyAdd(
                BitConverter.UInt64BitsToDouble(a), BitConverter.UInt64BitsToDouble(b), BitConverter.UInt64BitsToDouble(c));
            ulong result = BitConverter.DoubleToUInt64Bits(sum);
            if (IsInner(result))
            {
                return result;
            }
        }

        return Binary<Binary64>.FusedMultiplyAdd(a, b, c, ref env);
    }

    /// <summary>The IEEE 754 remainder of a ÷ b.</summary>
    public static ulong Remainder(ulong a, ulong b, ref FpEnvironment env) => Binary<Binary64>.Remainder(a, b, ref env);

    /// <summary>a rounded to an integral value (ROUNDSD). A denormal operand raises nothing but Precision.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="suppressPrecision">Whether Precision is not raised.</param>
    /// <param name="env">The environment.</param>
    public static ulong RoundToIntegral(ulong a, FpRounding rounding, bool suppressPrecision, ref FpEnvironment env) =>
        Binary<Binary64>.RoundToIntegral(a, rounding, suppressPrecision, ref env);

    /// <summary>Compares two values. Denormal operands raise Denormal.</summary>
    /// <param name="a">First operand.</param>
    /// <param name="b">Second operand.</param>
    /// <param name="quiet">Whether a quiet NaN raises nothing (UCOMISD) instead of Invalid (COMISD).</param>
    /// <param name="env">The environment.</param>
    public static FpRelation Compare(ulong a, ulong b, bool quiet, ref FpEnvironment env)
    {
        if (IsOrdinaryOrZero(a) && IsOrdinaryOrZero(b))
        {
            double x = BitConverter.UInt64BitsToDouble(a);
            double y = BitConverter.UInt64BitsToDouble(b);
            return x < y ? FpRelation.Less : x == y ? FpRelation.Equal : FpRelation.Greater;
        }

        return Binary<Binary64>.Compare(a, b, quiet, ref env);
    }

    /// <summary>The smaller of two values by x86's rule (MINSD): b when either is a NaN or both are zeros.</summary>
    public static ulong Minimum(ulong a, ulong b, ref FpEnvironment env) =>
        Compare(a, b, quiet: false, ref env) == FpRelation.Less ? FlushOperand(a, env) : FlushOperand(b, env);

    /// <summary>The larger of two values by x86's rule (MAXSD): b when either is a NaN or both are zeros.</summary>
    public static ulong Maximum(ulong a, ulong b, ref FpEnvironment env) =>
        Compare(a, b, quiet: false, ref env) == FpRelation.Greater ? FlushOperand(a, env) : FlushOperand(b, env);

    /// <summary>Converts to binary32 (CVTSD2SS).</summary>
    public static uint ToFloat32(ulong a, ref FpEnvironment env)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        float narrowed = (float)x;
        uint result = BitConverter.SingleToUInt32Bits(narrowed);
        if (env.Rounding == FpRounding.NearestEven && Float32.IsInner(result))
        {
            if (narrowed != x)
            {
                env.Raise(FpExceptions.Precision);
            }

            return result;
        }

        Binary<Binary64>.Unpack(a, env.DenormalsAreZero, out Value value);
        return (uint)Binary<Binary32>.Convert(value, raiseDenormal: true, ref env);
    }

    /// <summary>Converts to a signed 32-bit integer; an invalid conversion gives the integer indefinite 80000000h.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">The environment's direction for CVTSD2SI, <see cref="FpRounding.TowardZero"/> for CVTTSD2SI.</param>
    /// <param name="env">The environment.</param>
    public static int ToInt32(ulong a, FpRounding rounding, ref FpEnvironment env)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        if (rounding == FpRounding.TowardZero && x > -2147483649.0 && x < 2147483648.0 && IsOrdinaryOrZero(a))
        {
            int truncated = (int)x;
            if (truncated != x)
            {
                env.Raise(FpExceptions.Precision);
            }

            return truncated;
        }

        return Binary<Binary64>.ToInteger(a, rounding, 1UL << 31, int.MaxValue, ref env, out long integer)
            ? (int)integer
            : int.MinValue;
    }

    /// <summary>Converts to a signed 64-bit integer; an invalid conversion gives the integer indefinite.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment.</param>
    public static long ToInt64(ulong a, FpRounding rounding, ref FpEnvironment env)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        if (rounding == FpRounding.TowardZero && x >= -9223372036854775808.0 && x < 9223372036854775808.0 && IsOrdinaryOrZero(a))
        {
            // A number this large has no fraction, so the conversion back is exact.
            long truncated = (long)x;
            if (truncated != x)
            {
                env.Raise(FpExceptions.Precision);
            }

            return truncated;
        }

        return Binary<Binary64>.ToInteger(a, rounding, 1UL << 63, long.MaxValue, ref env, out long integer)
            ? integer
            : long.MinValue;
    }

    /// <summary>Converts to an unsigned 32-bit integer; an invalid conversion gives all ones (AVX-512 VCVTSD2USI).</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment.</param>
    public static uint ToUInt32(ulong a, FpRounding rounding, ref FpEnvironment env) =>
        Binary<Binary64>.ToInteger(a, rounding, 0, uint.MaxValue, ref env, out long integer) ? (uint)integer : uint.MaxValue;

    /// <summary>Converts to an unsigned 64-bit integer; an invalid conversion gives all ones.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment.</param>
    public static ulong ToUInt64(ulong a, FpRounding rounding, ref FpEnvironment env) =>
        Binary<Binary64>.ToInteger(a, rounding, 0, ulong.MaxValue, ref env, out long integer) ? (ulong)integer : ulong.MaxValue;

    /// <summary>The value of a signed 32-bit integer, always exact (CVTSI2SD).</summary>
    public static ulong FromInt32(int value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>The value of an unsigned 32-bit integer, always exact.</summary>
    public static ulong FromUInt32(uint value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>Converts a signed 64-bit integer (CVTSI2SD).</summary>
    public static ulong FromInt64(long value, ref FpEnvironment env)
    {
        ulong magnitude = value < 0 ? 0 - (ulong)value : (ulong)value;
        return magnitude <= 1UL << 53
            ? BitConverter.DoubleToUInt64Bits(value)
            : Binary<Binary64>.FromInteger(value < 0, magnitude, ref env);
    }

    /// <summary>Converts an unsigned 64-bit integer.</summary>
    public static ulong FromUInt64(ulong value, ref FpEnvironment env) =>
        Binary<Binary64>.FromInteger(negative: false, value, ref env);

    /// <summary>Whether the value is a NaN.</summary>
    public static bool IsNan(ulong a) => (a & ~SignBit) > 0x7FF0_0000_0000_0000;

    /// <summary>Whether the value is a signalling NaN.</summary>
    public static bool IsSignallingNan(ulong a) => IsNan(a) && (a & 0x0008_0000_0000_0000) == 0;

    /// <summary>
    /// Normal, and not in the topmost binade. The residue of an addition of such numbers is exact and nothing overflows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsOrdinary(ulong a) => (uint)((int)(a >> 52) & 0x7FF) - 1 < 0x7FD;

    /// <summary>Ordinary and so far above the smallest normal number that a residue, 2^-106 times as large, is normal too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsInner(ulong a) => (uint)((int)(a >> 52) & 0x7FF) - 128 < 0x7FE - 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsOrdinaryOrZero(ulong a) => IsOrdinary(a) || a << 1 == 0;

    /// <summary>
    /// Decides whether the host's sum may be used, and raises Precision if it is not exact. The rounding error of a sum is itself a number of the format,
    /// computed here exactly (Knuth's two-sum).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryAcceptSum(ulong a, ulong b, double x, double y, double sum, ref FpEnvironment env)
    {
        ulong result = BitConverter.DoubleToUInt64Bits(sum);
        if (env.Rounding != FpRounding.NearestEven || !IsOrdinaryOrZero(a) || !IsOrdinaryOrZero(b) || !IsOrdinaryOrZero(result))
        {
            return false;
        }

        if ((env.Flags & FpExceptions.Precision) == 0)
        {
            double yPart = sum - x;
            if ((x - (sum - yPart)) + (y - yPart) != 0)
            {
                env.Raise(FpExceptions.Precision);
            }
        }

        return true;
    }

    private static ulong FlushOperand(ulong a, in FpEnvironment env) =>
        env.DenormalsAreZero && (a & 0x7FF0_0000_0000_0000) == 0 ? a & SignBit : a;
}
