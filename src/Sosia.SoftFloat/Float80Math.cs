using System;

namespace Sosia.SoftFloat;

/// <summary>
/// The transcendental instructions and constants of the x87. Results are those of the real functions, rounded in the environment's direction to 64 bits
/// whatever the precision control, with an error below 0.5000001 units in the last place when rounding to nearest.
/// </summary>
/// <remarks>
/// Trigonometric arguments are reduced exactly, by the real π. Intel's processors reduce by a π of 66 bits, so that their results drift away from the true
/// ones as the argument grows (Intel SDM vol. 1, 8.3.8, which gives 1 ulp only for the quadrant around 0); AMD's do likewise. The true value is the better contract.
/// </remarks>
public static class Float80Math
{
    /// <summary>Loads a constant, rounded in the given direction (FLDPI and its like; no exception, C1 is 0).</summary>
    public static Float80 Load(Float80Constant constant, FpRounding rounding)
    {
        Wide wide = constant switch
        {
            Float80Constant.One => Wide.FromInteger(1),
            Float80Constant.Log2Of10 => WideConstants.Log2Of10,
            Float80Constant.Log2OfE => WideConstants.Log2E,
            Float80Constant.Pi => WideConstants.Pi,
            Float80Constant.Log10Of2 => WideConstants.Log10Of2,
            Float80Constant.LnOf2 => WideConstants.Ln2,
            _ => default,
        };
        FpEnvironment env = new() { Rounding = rounding, Masks = FpExceptions.All };
        return Float80.Pack(wide.ToValue(), FpPrecision.Extended, ref env);
    }

    /// <summary>2^x - 1 (F2XM1). Outside -1 to 1 the manual leaves the result undefined: x is returned.</summary>
    public static Float80 TwoToXMinus1(Float80 x, ref FpEnvironment env)
    {
        if (!TryUnpack(x, ref env, out Value value, out Float80 special))
        {
            return special;
        }

        if (value.Kind == ValueKind.Infinity)
        {
            return value.Negative ? Float80.One.Negate() : x;
        }

        if (value.Kind == ValueKind.Zero)
        {
            return x;
        }

        if (value.Exponent >= 0)
        {
            if (value.Exponent == 0 && value.High == Value.IntegerBit && value.Negative)
            {
                return new Float80(0x8000 | (Float80.Bias - 1), Value.IntegerBit);
            }

            return x;
        }

        return Finish(WideFunctions.Exp2Minus1(Wide.FromValue(value)), ref env);
    }

    /// <summary>y × log2 x (FYL2X).</summary>
    /// <param name="y">ST(1).</param>
    /// <param name="x">ST(0); negative values are invalid.</param>
    /// <param name="env">The environment.</param>
    public static Float80 YLog2X(Float80 y, Float80 x, ref FpEnvironment env)
    {
        if (!TryUnpack(x, y, ref env, out Value xValue, out Value yValue, out Float80 special))
        {
            return special;
        }

        if (xValue.Kind == ValueKind.Zero)
        {
            if (yValue.Kind == ValueKind.Zero)
            {
                return Invalid(ref env);
            }

            if (yValue.Kind == ValueKind.Finite)
            {
                env.Raise(FpExceptions.ZeroDivide);
            }

            return Infinity(!yValue.Negative);
        }

        if (xValue.Negative)
        {
            return Invalid(ref env);
        }

        if (DenormalStops(xValue, yValue, ref env))
        {
            return x;
        }

        if (xValue.Kind == ValueKind.Infinity)
        {
            return yValue.Kind == ValueKind.Zero ? Invalid(ref env) : Infinity(yValue.Negative);
        }

        // The sign of the logarithm; 0 for x = 1.
        bool powerOfTwo = xValue.High == Value.IntegerBit;
        int sign = xValue.Exponent < 0 ? -1 : xValue.Exponent == 0 && powerOfTwo ? 0 : 1;
        if (MultiplySpecial(sign, yValue, ref env, out special))
        {
            return special;
        }

        if (powerOfTwo)
        {
            // The logarithm is integral and the product often exact. Intel's processors raise Precision all the same.
            Arithmetic.MultiplyFinite(yValue, Arithmetic.FromInteger(sign < 0, (ulong)Math.Abs(xValue.Exponent)), out Value product);
            env.Raise(FpExceptions.Precision);
            return Float80.Pack(product, FpPrecision.Extended, ref env);
        }

        return Finish(WideFunctions.Log2(Wide.FromValue(xValue)) * Wide.FromValue(yValue), ref env);
    }

    /// <summary>y × log2(x + 1) (FYL2XP1). The manual defines it for |x| up to 1 - √½; it is computed for any x above -1.</summary>
    /// <param name="y">ST(1).</param>
    /// <param name="x">ST(0); values of -1 and below are invalid.</param>
    /// <param name="env">The environment.</param>
    public static Float80 YLog2XPlus1(Float80 y, Float80 x, ref FpEnvironment env)
    {
        if (!TryUnpack(x, y, ref env, out Value xValue, out Value yValue, out Float80 special))
        {
            return special;
        }

        if (xValue.Negative && xValue.Kind != ValueKind.Zero && (xValue.Kind == ValueKind.Infinity || xValue.Exponent >= 0))
        {
            return Invalid(ref env);
        }

        if (DenormalStops(xValue, yValue, ref env))
        {
            return x;
        }

        if (xValue.Kind == ValueKind.Infinity)
        {
            return yValue.Kind == ValueKind.Zero ? Invalid(ref env) : Infinity(yValue.Negative);
        }

        if (xValue.Kind == ValueKind.Zero)
        {
            return yValue.Kind == ValueKind.Infinity ? Invalid(ref env) : Zero(xValue.Negative ^ yValue.Negative);
        }

        if (MultiplySpecial(xValue.Negative ? -1 : 1, yValue, ref env, out special))
        {
            return special;
        }

        return Finish(WideFunctions.Log2Plus1(Wide.FromValue(xValue)) * Wide.FromValue(yValue), ref env);
    }

    /// <summary>The angle of the point (x, y), from -π to π (FPATAN).</summary>
    /// <param name="y">ST(1).</param>
    /// <param name="x">ST(0).</param>
    /// <param name="env">The environment.</param>
    public static Float80 ArcTangent(Float80 y, Float80 x, ref FpEnvironment env)
    {
        if (!TryUnpack(x, y, ref env, out Value xValue, out Value yValue, out Float80 special))
        {
            return special;
        }

        if (DenormalStops(xValue, yValue, ref env))
        {
            return x;
        }

        Wide angle;
        if (yValue.Kind == ValueKind.Zero || (xValue.Kind == ValueKind.Infinity && yValue.Kind != ValueKind.Infinity))
        {
            // On the x axis.
            if (!xValue.Negative)
            {
                return Zero(yValue.Negative);
            }

            angle = WideConstants.Pi;
        }
        else if (xValue.Kind == ValueKind.Zero || (yValue.Kind == ValueKind.Infinity && xValue.Kind != ValueKind.Infinity))
        {
            angle = WideConstants.HalfPi;
        }
        else
        {
            angle = xValue.Kind == ValueKind.Infinity
                ? WideConstants.HalfPi.Scaled(-1)
                : WideFunctions.Arctangent(Wide.FromValue(yValue).Abs(), Wide.FromValue(xValue).Abs());
            if (xValue.Negative)
            {
                angle = WideConstants.Pi - angle;
            }
        }

        return Finish(yValue.Negative ? -angle : angle, ref env);
    }

    /// <summary>sin x (FSIN), for |x| below 2^63.</summary>
    /// <param name="x">The angle in radians.</param>
    /// <param name="env">The environment.</param>
    /// <param name="sine">The result.</param>
    /// <returns>False when x is out of range: C2 is to be set, nothing else happens.</returns>
    public static bool TrySine(Float80 x, ref FpEnvironment env, out Float80 sine)
    {
        if (!TryUnpackAngle(x, ref env, out Value value, out bool inRange, out sine))
        {
            return inRange;
        }

        sine = value.Kind == ValueKind.Zero ? x : Finish(WideFunctions.Sine(Wide.FromValue(value)), ref env);
        return true;
    }

    /// <summary>cos x (FCOS), for |x| below 2^63.</summary>
    /// <param name="x">The angle in radians.</param>
    /// <param name="env">The environment.</param>
    /// <param name="cosine">The result.</param>
    /// <returns>False when x is out of range: C2 is to be set, nothing else happens.</returns>
    public static bool TryCosine(Float80 x, ref FpEnvironment env, out Float80 cosine)
    {
        if (!TryUnpackAngle(x, ref env, out Value value, out bool inRange, out cosine))
        {
            return inRange;
        }

        cosine = value.Kind == ValueKind.Zero ? Float80.One : Finish(WideFunctions.Cosine(Wide.FromValue(value)), ref env);
        return true;
    }

    /// <summary>sin x and cos x (FSINCOS), for |x| below 2^63.</summary>
    /// <param name="x">The angle in radians.</param>
    /// <param name="env">The environment.</param>
    /// <param name="sine">Replaces ST(0).</param>
    /// <param name="cosine">Is pushed.</param>
    /// <returns>False when x is out of range: C2 is to be set, nothing else happens.</returns>
    public static bool TrySineCosine(Float80 x, ref FpEnvironment env, out Float80 sine, out Float80 cosine)
    {
        if (!TryUnpackAngle(x, ref env, out Value value, out bool inRange, out sine))
        {
            cosine = sine;
            return inRange;
        }

        if (value.Kind == ValueKind.Zero)
        {
            sine = x;
            cosine = Float80.One;
            return true;
        }

        WideFunctions.SineCosine(Wide.FromValue(value), out Wide wideSine, out Wide wideCosine);
        cosine = Finish(wideCosine, ref env);
        sine = Finish(wideSine, ref env);
        return true;
    }

    /// <summary>tan x (FPTAN), for |x| below 2^63. The 1 that the instruction pushes is the caller's; a NaN is pushed twice.</summary>
    /// <param name="x">The angle in radians.</param>
    /// <param name="env">The environment.</param>
    /// <param name="tangent">The result.</param>
    /// <returns>False when x is out of range: C2 is to be set, nothing else happens.</returns>
    public static bool TryTangent(Float80 x, ref FpEnvironment env, out Float80 tangent)
    {
        if (!TryUnpackAngle(x, ref env, out Value value, out bool inRange, out tangent))
        {
            return inRange;
        }

        tangent = value.Kind == ValueKind.Zero ? x : Finish(WideFunctions.Tangent(Wide.FromValue(value)), ref env);
        return true;
    }

    /// <summary>Unpacks an angle; false when the result, or that there is none, is settled already.</summary>
    private static bool TryUnpackAngle(Float80 x, ref FpEnvironment env, out Value value, out bool inRange, out Float80 result)
    {
        inRange = true;
        env.RoundedUp = false;
        Float80.Unpack(x, out value);
        if (value.Kind == ValueKind.Infinity)
        {
            result = Invalid(ref env);
            return false;
        }

        if (value.Kind == ValueKind.Finite && value.Exponent >= 63)
        {
            inRange = false;
            result = x;
            return false;
        }

        return TryUnpack(x, ref env, out value, out result);
    }

    /// <summary>Unpacks the operand; false when it is a NaN or an unmasked denormal, with the result.</summary>
    private static bool TryUnpack(Float80 x, ref FpEnvironment env, out Value value, out Float80 result)
    {
        env.RoundedUp = false;
        result = x;
        Float80.Unpack(x, out value);
        if (value.IsNan)
        {
            Arithmetic.PropagateNan(value, ref env, out Value nan);
            result = Float80.Pack(nan, FpPrecision.Extended, ref env);
            return false;
        }

        return !value.Denormal || !env.RaiseDenormal();
    }

    /// <summary>Unpacks two operands; false when either is a NaN, with the result.</summary>
    private static bool TryUnpack(Float80 x, Float80 y, ref FpEnvironment env, out Value xValue, out Value yValue, out Float80 result)
    {
        env.RoundedUp = false;
        result = x;
        Float80.Unpack(x, out xValue);
        Float80.Unpack(y, out yValue);
        if (xValue.IsNan || yValue.IsNan)
        {
            Arithmetic.PropagateNan(xValue, yValue, ref env, out Value nan);
            result = Float80.Pack(nan, FpPrecision.Extended, ref env);
            return false;
        }

        return true;
    }

    private static bool DenormalStops(in Value x, in Value y, ref FpEnvironment env) =>
        (x.Denormal || y.Denormal) && env.RaiseDenormal();

    /// <summary>The product of a finite logarithm, given by its sign (0: it is zero), and y, where that needs no computation.</summary>
    private static bool MultiplySpecial(int logarithmSign, in Value y, ref FpEnvironment env, out Float80 result)
    {
        bool negative = y.Negative ^ (logarithmSign < 0);
        if (y.Kind == ValueKind.Infinity)
        {
            result = logarithmSign == 0 ? Invalid(ref env) : Infinity(negative);
            return true;
        }

        result = Zero(negative);
        return y.Kind == ValueKind.Zero || logarithmSign == 0;
    }

    private static Float80 Invalid(ref FpEnvironment env)
    {
        env.Raise(FpExceptions.Invalid);
        return Float80.DefaultNan;
    }

    private static Float80 Infinity(bool negative) => negative ? Float80.NegativeInfinity : Float80.PositiveInfinity;

    private static Float80 Zero(bool negative) => negative ? Float80.Zero.Negate() : Float80.Zero;

    /// <summary>Rounds a result that is never exact.</summary>
    private static Float80 Finish(in Wide wide, ref FpEnvironment env)
    {
        Value value = wide.ToValue();
        value.Low |= 1;
        return Float80.Pack(value, FpPrecision.Extended, ref env);
    }
}
