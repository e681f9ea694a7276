using System;
using System.Runtime.CompilerServices;

namespace Sosia.SoftFloat;

/// <summary>
/// IEEE 754 binary32 on raw bits, with x86's results and exceptions. Rounding to nearest with ordinary operands uses the host's hardware and
/// derives Precision from a binary64 computation that is exact; everything else goes through the complete software route.
/// </summary>
/// <remarks>The same assumptions as for <see cref="Float64"/> hold.</remarks>
public static class Float32
{
    /// <summary>The real indefinite, the default NaN of x86.</summary>
    public const uint DefaultNan = 0xFFC0_0000;

    private const uint SignBit = 0x8000_0000;

    /// <summary>a + b.</summary>
    public static uint Add(uint a, uint b, ref FpEnvironment env)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        float sum = x + y;
        return TryAcceptSum(a, b, x, y, sum, ref env)
            ? BitConverter.SingleToUInt32Bits(sum)
            : (uint)Binary<Binary32>.Add(a, b, subtract: false, ref env);
    }

    /// <summary>a - b.</summary>
    public static uint Subtract(uint a, uint b, ref FpEnvironment env)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = -BitConverter.UInt32BitsToSingle(b);
        float sum = x + y;
        return TryAcceptSum(a, b, x, y, sum, ref env)
            ? BitConverter.SingleToUInt32Bits(sum)
            : (uint)Binary<Binary32>.Add(a, b, subtract: true, ref env);
    }

    /// <summary>a × b.</summary>
    public static uint Multiply(uint a, uint b, ref FpEnvironment env)
    {
        // 24 × 24 bits are exact in binary64.
        double product = (double)BitConverter.UInt32BitsToSingle(a) * BitConverter.UInt32BitsToSingle(b);
        float rounded = (float)product;
        uint result = BitConverter.SingleToUInt32Bits(rounded);
        if (env.Rounding == FpRounding.NearestEven && IsOrdinary(a) && IsOrdinary(b) && IsInner(result))
        {
            if (rounded != product)
            {
                env.Raise(FpExceptions.Precision);
            }

            return result;
        }

        return (uint)Binary<Binary32>.Multiply(a, b, ref env);
    }

    /// <summary>a ÷ b.</summary>
    public static uint Divide(uint a, uint b, ref FpEnvironment env)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        float quotient = x / y;
        uint result = BitConverter.SingleToUInt32Bits(quotient);
        if (env.Rounding == FpRounding.NearestEven && IsOrdinary(a) && IsOrdinary(b) && IsInner(result))
        {
            if ((double)quotient * y != x)
            {
                env.Raise(FpExceptions.Precision);
            }

            return result;
        }

        return (uint)Binary<Binary32>.Divide(a, b, ref env);
    }

    /// <summary>√a.</summary>
    public static uint SquareRoot(uint a, ref FpEnvironment env)
    {
        if (env.Rounding == FpRounding.NearestEven && IsOrdinary(a) && (a & SignBit) == 0)
        {
            float x = BitConverter.UInt32BitsToSingle(a);
            float root = MathF.Sqrt(x);
            if ((double)root * root != x)
            {
                env.Raise(FpExceptions.Precision);
            }

            return BitConverter.SingleToUInt32Bits(root);
        }

        return (uint)Binary<Binary32>.SquareRoot(a, ref env);
    }

    /// <summary>a × b + c with a single rounding.</summary>
    public static uint FusedMultiplyAdd(uint a, uint b, uint c, ref FpEnvironment env)
    {
        if (env.Rounding == FpRounding.NearestEven && (env.Flags & FpExceptions.Precision) != 0
            && IsOrdinary(a) && IsOrdinary(b) && IsOrdinary(c))
        {
            float sum = MathF.FusedMultiplyAdd(
                BitConverter.UInt32BitsToSingle(a), BitConverter.UInt32BitsToSingle(b), BitConverter.UInt32BitsToSingle(c));
            uint result = BitConverter.SingleToUInt32Bits(sum);
            if (IsInner(result))
            {
                return result;
            }
        }

        return (uint)Binary<Binary32>.FusedMultiplyAdd(a, b, c, ref env);
    }

    /// <summary>The IEEE 754 remainder of a ÷ b.</summary>
    public static uint Remainder(uint a, uint b, ref FpEnvironment env) => (uint)Binary<Binary32>.Remainder(a, b, ref env);

    /// <summary>a rounded to an integral value (ROUNDSS). A denormal operand raises nothing but Precision.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="suppressPrecision">Whether Precision is not raised.</param>
    /// <param name="env">The environment.</param>
    public static uint RoundToIntegral(uint a, FpRounding rounding, bool suppressPrecision, ref FpEnvironment env) =>
        (uint)Binary<Binary32>.RoundToIntegral(a, rounding, suppressPrecision, ref env);

    /// <summary>Compares two values. Denormal operands raise Denormal.</summary>
    /// <param name="a">First operand.</param>
    /// <param name="b">Second operand.</param>
    /// <param name="quiet">Whether a quiet NaN raises nothing (UCOMISS) instead of Invalid (COMISS).</param>
    /// <param name="env">The environment.</param>
    public static FpRelation Compare(uint a, uint b, bool quiet, ref FpEnvironment env)
    {
        if (IsOrdinaryOrZero(a) && IsOrdinaryOrZero(b))
        {
            float x = BitConverter.UInt32BitsToSingle(a);
            float y = BitConverter.UInt32BitsToSingle(b);
            return x < y ? FpRelation.Less : x == y ? FpRelation.Equal : FpRelation.Greater;
        }

        return Binary<Binary32>.Compare(a, b, quiet, ref env);
    }

    /// <summary>The smaller of two values by x86's rule (MINSS): b when either is a NaN or both are zeros.</summary>
    public static uint Minimum(uint a, uint b, ref FpEnvironment env) =>
        Compare(a, b, quiet: false, ref env) == FpRelation.Less ? FlushOperand(a, env) : FlushOperand(b, env);

    /// <summary>The larger of two values by x86's rule (MAXSS): b when either is a NaN or both are zeros.</summary>
    public static uint Maximum(uint a, uint b, ref FpEnvironment env) =>
        Compare(a, b, quiet: false, ref env) == FpRelation.Greater ? FlushOperand(a, env) : FlushOperand(b, env);

    /// <summary>Converts to binary64, always exactly (CVTSS2SD).</summary>
    public static ulong ToFloat64(uint a, ref FpEnvironment env)
    {
        if (IsOrdinaryOrZero(a))
        {
            return BitConverter.DoubleToUInt64Bits(BitConverter.UInt32BitsToSingle(a));
        }

        Binary<Binary32>.Unpack(a, env.DenormalsAreZero, out Value value);
        return Binary<Binary64>.Convert(value, raiseDenormal: true, ref env);
    }

    /// <summary>Converts to a signed 32-bit integer; an invalid conversion gives the integer indefinite 80000000h.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">The environment's direction for CVTSS2SI, <see cref="FpRounding.TowardZero"/> for CVTTSS2SI.</param>
    /// <param name="env">The environment.</param>
    public static int ToInt32(uint a, FpRounding rounding, ref FpEnvironment env)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        if (rounding == FpRounding.TowardZero && x >= -2147483648.0f && x < 2147483648.0f && IsOrdinaryOrZero(a))
        {
            int truncated = (int)x;
            if ((double)truncated != x)
            {
                env.Raise(FpExceptions.Precision);
            }

            return truncated;
        }

        return Binary<Binary32>.ToInteger(a, rounding, 1UL << 31, int.MaxValue, ref env, out long integer)
            ? (int)integer
            : int.MinValue;
    }

    /// <summary>Converts to a signed 64-bit integer; an invalid conversion gives the integer indefinite.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment.</param>
    public static long ToInt64(uint a, FpRounding rounding, ref FpEnvironment env) =>
        Binary<Binary32>.ToInteger(a, rounding, 1UL << 63, long.MaxValue, ref env, out long integer)
            ? integer
            : long.MinValue;

    /// <summary>Converts to an unsigned 32-bit integer; an invalid conversion gives all ones (AVX-512 VCVTSS2USI).</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment.</param>
    public static uint ToUInt32(uint a, FpRounding rounding, ref FpEnvironment env) =>
        Binary<Binary32>.ToInteger(a, rounding, 0, uint.MaxValue, ref env, out long integer) ? (uint)integer : uint.MaxValue;

    /// <summary>Converts to an unsigned 64-bit integer; an invalid conversion gives all ones.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment.</param>
    public static ulong ToUInt64(uint a, FpRounding rounding, ref FpEnvironment env) =>
        Binary<Binary32>.ToInteger(a, rounding, 0, ulong.MaxValue, ref env, out long integer) ? (ulong)integer : ulong.MaxValue;

    /// <summary>Converts a signed integer (CVTSI2SS).</summary>
    public static uint FromInt64(long value, ref FpEnvironment env)
    {
        ulong magnitude = value < 0 ? 0 - (ulong)value : (ulong)value;
        return magnitude <= 1UL << 24
            ? BitConverter.SingleToUInt32Bits(value)
            : (uint)Binary<Binary32>.FromInteger(value < 0, magnitude, ref env);
    }

    /// <summary>Converts an unsigned integer.</summary>
    public static uint FromUInt64(ulong value, ref FpEnvironment env) =>
        (uint)Binary<Binary32>.FromInteger(negative: false, value, ref env);

    /// <summary>Whether the value is a NaN.</summary>
    public static bool IsNan(uint a) => (a & ~SignBit) > 0x7F80_0000;

    /// <summary>Whether the value is a signalling NaN.</summary>
    public static bool IsSignallingNan(uint a) => IsNan(a) && (a & 0x0040_0000) == 0;

    /// <summary>
    /// Normal, and not in the topmost binade. The residue of an addition of such numbers is exact and nothing overflows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsOrdinary(uint a) => ((a >> 23) & 0xFF) - 1 < 0xFD;

    /// <summary>Ordinary and above the smallest normal binade, so that no rounding from below can have made it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsInner(uint a) => ((a >> 23) & 0xFF) - 2 < 0xFE - 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsOrdinaryOrZero(uint a) => IsOrdinary(a) || a << 1 == 0;

    /// <summary>As for binary64: accepts the host's sum and raises Precision if it is not exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryAcceptSum(uint a, uint b, float x, float y, float sum, ref FpEnvironment env)
    {
        uint result = BitConverter.SingleToUInt32Bits(sum);
        if (env.Rounding != FpRounding.NearestEven || !IsOrdinaryOrZero(a) || !IsOrdinaryOrZero(b) || !IsOrdinaryOrZero(result))
        {
            return false;
        }

        if ((env.Flags & FpExceptions.Precision) == 0)
        {
            float yPart = sum - x;
            if ((x - (sum - yPart)) + (y - yPart) != 0)
            {
                env.Raise(FpExceptions.Precision);
            }
        }

        return true;
    }

    private static uint FlushOperand(uint a, in FpEnvironment env) =>
        env.DenormalsAreZero && (a & 0x7F80_0000) == 0 ? a & SignBit : a;
}
