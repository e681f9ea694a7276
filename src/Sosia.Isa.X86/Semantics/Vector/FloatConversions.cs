using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTSI2SS from 32 bits.</summary>
internal readonly struct Cvtsi2ss32 : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        int value = source.AsInt32().ToScalar();
        result = destination.AsSingle().WithElement(0, (float)value).AsByte();
        return value == (short)value || FloatChecks.IsQuiet(mxcsr);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt32().WithElement(0, Float32.FromInt64(source.AsInt32().ToScalar(), ref env)).AsByte();
}

/// <summary>CVTSI2SD from 32 bits. Always exact.</summary>
internal readonly struct Cvtsi2sd32 : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        int value = source.AsInt32().ToScalar();
        result = destination.AsDouble().WithElement(0, (double)value).AsByte();
        return true;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt64().WithElement(0, Float64.FromInt32(source.AsInt32().ToScalar())).AsByte();
}

/// <summary>CVTSI2SS from 64 bits.</summary>
internal readonly struct Cvtsi2ss64 : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        long value = source.AsInt64().ToScalar();
        result = destination.AsSingle().WithElement(0, (float)value).AsByte();
        return value == (short)value || FloatChecks.IsQuiet(mxcsr);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt32().WithElement(0, Float32.FromInt64(source.AsInt64().ToScalar(), ref env)).AsByte();
}

/// <summary>CVTSI2SD from 64 bits.</summary>
internal readonly struct Cvtsi2sd64 : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        long value = source.AsInt64().ToScalar();
        result = destination.AsDouble().WithElement(0, (double)value).AsByte();
        return value == (int)value || FloatChecks.IsQuiet(mxcsr);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt64().WithElement(0, Float64.FromInt64(source.AsInt64().ToScalar(), ref env)).AsByte();
}

/// <summary>CVTDQ2PS.</summary>
internal readonly struct Cvtdq2ps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<int> value = source.AsInt32();
        result = Vector128.ConvertToSingle(value).AsByte();
        return FloatChecks.IsQuiet(mxcsr) || ((value << 8) >> 8) == value;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Float32.FromInt64(source.AsInt32().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}

/// <summary>CVTPI2PS: as CVTDQ2PS on two doublewords; the destination's high half stays.</summary>
internal readonly struct Cvtpi2ps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        bool isFast = Cvtdq2ps.TryFast(destination, source, immediate, mxcsr, out Vector128<byte> converted);
        result = MergeLow8.Compute(destination, converted);
        return isFast;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => MergeLow8.Compute(destination, Cvtdq2ps.Exact(destination, source, immediate, ref env));
}

/// <summary>CVTDQ2PD and CVTPI2PD, always exact.</summary>
internal readonly struct Cvtdq2pd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Create((double)source.AsInt32().ToScalar(), source.AsInt32().GetElement(1)).AsByte();
}

/// <summary>CVTSS2SI to 32 bits, and the truncating CVTTSS2SI. An integral value that fits converts exactly in every mode.</summary>
internal readonly struct Cvtss2si32<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<float> operand = source.AsSingle();
        int value = TTruncate.Value ? Sse.ConvertToInt32WithTruncation(operand) : Sse.ConvertToInt32(operand);
        result = Vector128.CreateScalar(value).AsByte();
        return value != int.MinValue && (FloatChecks.IsQuiet(mxcsr) || (float)value == operand.ToScalar());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.CreateScalar(Float32.ToInt32(source.AsUInt32().ToScalar(), TTruncate.Value ? FpRounding.TowardZero : env.Rounding, ref env)).AsByte();
}

/// <summary>CVTSS2SI to 64 bits, and the truncating CVTTSS2SI. An integral value that fits converts exactly in every mode.</summary>
internal readonly struct Cvtss2si64<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse.X64.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<float> operand = source.AsSingle();
        long value = TTruncate.Value ? Sse.X64.ConvertToInt64WithTruncation(operand) : Sse.X64.ConvertToInt64(operand);
        result = Vector128.CreateScalar(value).AsByte();
        return value != long.MinValue && (FloatChecks.IsQuiet(mxcsr) || (float)value == operand.ToScalar());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.CreateScalar(Float32.ToInt64(source.AsUInt32().ToScalar(), TTruncate.Value ? FpRounding.TowardZero : env.Rounding, ref env)).AsByte();
}

/// <summary>CVTSD2SI to 32 bits, and the truncating CVTTSD2SI. An integral value that fits converts exactly in every mode.</summary>
internal readonly struct Cvtsd2si32<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse2.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<double> operand = source.AsDouble();
        int value = TTruncate.Value ? Sse2.ConvertToInt32WithTruncation(operand) : Sse2.ConvertToInt32(operand);
        result = Vector128.CreateScalar(value).AsByte();
        return value != int.MinValue && (FloatChecks.IsQuiet(mxcsr) || (double)value == operand.ToScalar());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.CreateScalar(Float64.ToInt32(source.AsUInt64().ToScalar(), TTruncate.Value ? FpRounding.TowardZero : env.Rounding, ref env)).AsByte();
}

/// <summary>CVTSD2SI to 64 bits, and the truncating CVTTSD2SI. An integral value that fits converts exactly in every mode.</summary>
internal readonly struct Cvtsd2si64<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse2.X64.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<double> operand = source.AsDouble();
        long value = TTruncate.Value ? Sse2.X64.ConvertToInt64WithTruncation(operand) : Sse2.X64.ConvertToInt64(operand);
        result = Vector128.CreateScalar(value).AsByte();
        return value != long.MinValue && (FloatChecks.IsQuiet(mxcsr) || (double)value == operand.ToScalar());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.CreateScalar(Float64.ToInt64(source.AsUInt64().ToScalar(), TTruncate.Value ? FpRounding.TowardZero : env.Rounding, ref env)).AsByte();
}

/// <summary>CVTPS2DQ, and the truncating CVTTPS2DQ.</summary>
internal readonly struct Cvtps2dq<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse2.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<float> operand = source.AsSingle();
        Vector128<int> value = TTruncate.Value ? Sse2.ConvertToVector128Int32WithTruncation(operand) : Sse2.ConvertToVector128Int32(operand);
        result = value.AsByte();
        return !Vector128.EqualsAny(value, Vector128.Create(int.MinValue))
            && (FloatChecks.IsQuiet(mxcsr) || Vector128.ConvertToSingle(value) == operand);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRounding rounding = TTruncate.Value ? FpRounding.TowardZero : env.Rounding;
        Vector128<int> result = default;
        for (int i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Float32.ToInt32(source.AsUInt32().GetElement(i), rounding, ref env));
        }

        return result.AsByte();
    }
}

/// <summary>CVTPS2PI and CVTTPS2PI: as CVTPS2DQ on the low half.</summary>
internal readonly struct Cvtps2pi<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        return Cvtps2dq<TTruncate>.TryFast(destination, ZeroUpper.Compute(source), immediate, mxcsr, out result);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Cvtps2dq<TTruncate>.Exact(destination, ZeroUpper.Compute(source), immediate, ref env);
}

/// <summary>CVTPD2DQ and CVTPD2PI, and the truncating CVTTPD2DQ and CVTTPD2PI; the high half of the result is zero.</summary>
internal readonly struct Cvtpd2dq<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse2.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<double> operand = source.AsDouble();
        Vector128<int> value = TTruncate.Value ? Sse2.ConvertToVector128Int32WithTruncation(operand) : Sse2.ConvertToVector128Int32(operand);
        result = value.AsByte();
        return !Vector128.EqualsAny(value, Vector128.Create(int.MinValue))
            && (FloatChecks.IsQuiet(mxcsr) || Cvtdq2pd.Compute(result).AsDouble() == operand);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRounding rounding = TTruncate.Value ? FpRounding.TowardZero : env.Rounding;
        int low = Float64.ToInt32(source.AsUInt64().ToScalar(), rounding, ref env);
        int high = Float64.ToInt32(source.AsUInt64().GetElement(1), rounding, ref env);
        return Vector128.Create(low, high, 0, 0).AsByte();
    }
}

/// <summary>CVTSS2SD.</summary>
internal readonly struct Cvtss2sd : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float value = source.AsSingle().ToScalar();
        result = destination.AsDouble().WithElement(0, (double)value).AsByte();
        return FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(value));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt64().WithElement(0, Float32.ToFloat64(source.AsUInt32().ToScalar(), ref env)).AsByte();
}

/// <summary>CVTPS2PD, of the low half.</summary>
internal readonly struct Cvtps2pd : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = Vector128.WidenLower(source.AsSingle()).AsByte();
        return FloatChecks.ArePlain(ZeroUpper.Compute(source).AsUInt32());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.Create(Float32.ToFloat64(source.AsUInt32().ToScalar(), ref env), Float32.ToFloat64(source.AsUInt32().GetElement(1), ref env)).AsByte();
}

/// <summary>CVTSD2SS.</summary>
internal readonly struct Cvtsd2ss : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        double value = source.AsDouble().ToScalar();
        float narrow = (float)value;
        result = destination.AsSingle().WithElement(0, narrow).AsByte();
        return (FloatChecks.IsQuiet(mxcsr) && FloatChecks.IsInner(BitConverter.SingleToUInt32Bits(narrow))) || FloatChecks.IsZero(BitConverter.DoubleToUInt64Bits(value));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt32().WithElement(0, Float64.ToFloat32(source.AsUInt64().ToScalar(), ref env)).AsByte();
}

/// <summary>CVTPD2PS; the high half of the result is zero.</summary>
internal readonly struct Cvtpd2ps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<float> narrow = Vector128.Narrow(source.AsDouble(), source.AsDouble());
        result = ZeroUpper.Compute(narrow.AsByte());
        return FloatChecks.IsQuiet(mxcsr) && FloatChecks.AreInner(narrow.AsUInt32());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.Create(Float64.ToFloat32(source.AsUInt64().ToScalar(), ref env), Float64.ToFloat32(source.AsUInt64().GetElement(1), ref env), 0, 0).AsByte();
}
