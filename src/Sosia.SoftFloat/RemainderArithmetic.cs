namespace Sosia.SoftFloat;

/// <summary>Remainders on unpacked values. A remainder of finite values is exact.</summary>
internal static class RemainderArithmetic
{
    /// <summary>The IEEE 754 remainder x - y × n with n the integer nearest to x / y, in one go whatever the exponents.</summary>
    public static void Ieee(in Value x, in Value y, ref FpEnvironment env, out ulong quotient, out Value result)
    {
        if (!Prepare(x, y, ref env, out quotient, out result))
        {
            return;
        }

        Nearest(x, y, out quotient, out result);
    }

    /// <summary>
    /// One step of the x87 remainder: complete when the exponents differ by less than 64, else a reduction.
    /// </summary>
    /// <param name="x">The dividend.</param>
    /// <param name="y">The divisor.</param>
    /// <param name="nearest">True for the IEEE quotient (FPREM1), false for the truncated one (FPREM).</param>
    /// <param name="env">The environment.</param>
    /// <param name="quotient">The last 64 bits of the quotient when complete, else 0.</param>
    /// <param name="incomplete">Whether another step is needed (C2).</param>
    /// <param name="result">The remainder so far.</param>
    public static void Partial(
        in Value x, in Value y, bool nearest, ref FpEnvironment env, out ulong quotient, out bool incomplete, out Value result)
    {
        incomplete = false;
        if (!Prepare(x, y, ref env, out quotient, out result))
        {
            return;
        }

        int difference = x.Exponent - y.Exponent;
        if (difference >= 64)
        {
            incomplete = true;

            // The manual allows 32 to 63 bits of the quotient per step. Intel's processors leave a multiple of 32 for the steps that follow.
            int taken = 32 + (difference & 31);
            ulong rest = Reduce(x.High, taken, y.High, out _);
            result = FromRest(x.Negative, rest, y.Exponent + difference - taken);
            quotient = 0;
        }
        else if (nearest)
        {
            Nearest(x, y, out quotient, out result);
        }
        else if (difference >= 0)
        {
            ulong rest = Reduce(x.High, difference, y.High, out quotient);
            result = FromRest(x.Negative, rest, y.Exponent);
        }
    }

    /// <summary>Handles every special operand; says whether both are finite and the result is still to be computed.</summary>
    private static bool Prepare(in Value x, in Value y, ref FpEnvironment env, out ulong quotient, out Value result)
    {
        quotient = 0;
        if (x.IsNan || y.IsNan)
        {
            Arithmetic.PropagateNan(x, y, ref env, out result);
            return false;
        }

        if (x.Kind == ValueKind.Infinity || y.Kind == ValueKind.Zero)
        {
            Arithmetic.Invalid(ref env, out result);
            return false;
        }

        if ((x.Denormal || y.Denormal) && env.RaiseDenormal())
        {
            result = default;
            return false;
        }

        result = x;

        return x.Kind == ValueKind.Finite && y.Kind == ValueKind.Finite;
    }

    private static void Nearest(in Value x, in Value y, out ulong quotient, out Value result)
    {
        int difference = x.Exponent - y.Exponent;
        quotient = 0;
        result = x;
        if (difference < -1)
        {
            return;
        }

        if (difference == -1)
        {
            // y/2 <= 2|x| < 2y: the quotient is 1 when 2|x| > |y|.
            if (x.High > y.High)
            {
                quotient = 1;
                result = FromRest(!x.Negative, y.High - x.High + y.High, x.Exponent);
            }

            return;
        }

        ulong rest = Reduce(x.High, difference, y.High, out quotient);
        ulong missing = y.High - rest;
        bool negative = x.Negative;
        if (rest > missing || (rest == missing && (quotient & 1) != 0))
        {
            rest = missing;
            negative = !negative;
            quotient++;
        }

        result = rest == 0 ? Value.Zero(x.Negative) : FromRest(negative, rest, y.Exponent);
    }

    /// <summary>dividend × 2^shift modulo divisor, and the last 64 bits of the quotient. Both have bit 63 set.</summary>
    private static ulong Reduce(ulong dividend, int shift, ulong divisor, out ulong quotient)
    {
        ulong rest = dividend;
        quotient = 0;
        if (rest >= divisor)
        {
            rest -= divisor;
            quotient = 1;
        }

        while (shift >= 64)
        {
            quotient = Bits.Divide128By64(rest, 0, divisor, out rest);
            shift -= 64;
        }

        if (shift != 0)
        {
            ulong digits = Bits.Divide128By64(rest >> (64 - shift), rest << shift, divisor, out rest);
            quotient = (quotient << shift) | digits;
        }

        return rest;
    }

    private static Value FromRest(bool negative, ulong rest, int exponent)
    {
        Value value = Arithmetic.FromInteger(negative, rest);
        value.Exponent += exponent - 63;
        return value;
    }
}
