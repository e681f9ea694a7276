using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>ROUNDPS.</summary>
internal readonly struct Roundps : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<float> operand = source.AsSingle();
        Vector128<float> value = RoundControl.Rounding(immediate, mxcsr) switch
        {
            FpRounding.Down => Vector128.Floor(operand),
            FpRounding.Up => Vector128.Ceiling(operand),
            FpRounding.TowardZero => Vector128.Truncate(operand),
            _ => Vector128.Round(operand),
        };
        result = value.AsByte();
        return FloatChecks.ArePlain(operand.AsUInt32())
            && (RoundControl.SuppressesPrecision(immediate) || FloatChecks.IsQuiet(mxcsr) || value == operand);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRounding rounding = RoundControl.Rounding(immediate, env.Rounding);
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            result = result.WithElement(i, Float32.RoundToIntegral(source.AsUInt32().GetElement(i), rounding, RoundControl.SuppressesPrecision(immediate), ref env));
        }

        return result.AsByte();
    }
}

/// <summary>ROUNDSS.</summary>
internal readonly struct Roundss : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float operand = source.AsSingle().ToScalar();
        bool isFast = Roundps.TryFast(destination, Vector128.CreateScalar(operand).AsByte(), immediate, mxcsr, out Vector128<byte> rounded);
        result = destination.AsSingle().WithElement(0, rounded.AsSingle().ToScalar()).AsByte();
        return isFast;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        uint value = Float32.RoundToIntegral(
            source.AsUInt32().ToScalar(), RoundControl.Rounding(immediate, env.Rounding), RoundControl.SuppressesPrecision(immediate), ref env);
        return destination.AsUInt32().WithElement(0, value).AsByte();
    }
}

/// <summary>ROUNDPD.</summary>
internal readonly struct Roundpd : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<double> operand = source.AsDouble();
        Vector128<double> value = RoundControl.Rounding(immediate, mxcsr) switch
        {
            FpRounding.Down => Vector128.Floor(operand),
            FpRounding.Up => Vector128.Ceiling(operand),
            FpRounding.TowardZero => Vector128.Truncate(operand),
            _ => Vector128.Round(operand),
        };
        result = value.AsByte();
        return FloatChecks.ArePlain(operand.AsUInt64())
            && (RoundControl.SuppressesPrecision(immediate) || FloatChecks.IsQuiet(mxcsr) || value == operand);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRounding rounding = RoundControl.Rounding(immediate, env.Rounding);
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            result = result.WithElement(i, Float64.RoundToIntegral(source.AsUInt64().GetElement(i), rounding, RoundControl.SuppressesPrecision(immediate), ref env));
        }

        return result.AsByte();
    }
}

/// <summary>ROUNDSD.</summary>
internal readonly struct Roundsd : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        double operand = source.AsDouble().ToScalar();
        bool isFast = Roundpd.TryFast(destination, Vector128.CreateScalar(operand).AsByte(), immediate, mxcsr, out Vector128<byte> rounded);
        result = destination.AsDouble().WithElement(0, rounded.AsDouble().ToScalar()).AsByte();
        return isFast;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        ulong value = Float64.RoundToIntegral(
            source.AsUInt64().ToScalar(), RoundControl.Rounding(immediate, env.Rounding), RoundControl.SuppressesPrecision(immediate), ref env);
        return destination.AsUInt64().WithElement(0, value).AsByte();
    }
}
