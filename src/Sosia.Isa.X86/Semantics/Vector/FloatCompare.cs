using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Minimum by x86's rule: the second operand unless the first is less.</summary>
internal readonly struct FloatMinimum : IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Host(float a, float b) => a < b ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Host(double a, double b) => a < b ? a : b;

    public static uint Exact(uint a, uint b, ref FpEnvironment env) => Float32.Minimum(a, b, ref env);

    public static ulong Exact(ulong a, ulong b, ref FpEnvironment env) => Float64.Minimum(a, b, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Host(Vector128<float> a, Vector128<float> b)
        => Vector128.ConditionalSelect(Vector128.LessThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Host(Vector128<double> a, Vector128<double> b)
        => Vector128.ConditionalSelect(Vector128.LessThan(a, b), a, b);
}

/// <summary>Maximum by x86's rule: the second operand unless the first is greater.</summary>
internal readonly struct FloatMaximum : IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Host(float a, float b) => a > b ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Host(double a, double b) => a > b ? a : b;

    public static uint Exact(uint a, uint b, ref FpEnvironment env) => Float32.Maximum(a, b, ref env);

    public static ulong Exact(ulong a, ulong b, ref FpEnvironment env) => Float64.Maximum(a, b, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Host(Vector128<float> a, Vector128<float> b)
        => Vector128.ConditionalSelect(Vector128.GreaterThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Host(Vector128<double> a, Vector128<double> b)
        => Vector128.ConditionalSelect(Vector128.GreaterThan(a, b), a, b);
}

/// <summary>MINSS, MAXSS: they round nothing, so that only NaNs and denormal numbers need the exact way.</summary>
internal readonly struct ScalarChoice32<TChoice> : IVectorFloat
    where TChoice : struct, IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float a = destination.AsSingle().ToScalar();
        float b = source.AsSingle().ToScalar();
        result = destination.AsSingle().WithElement(0, TChoice.Host(a, b)).AsByte();
        return FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(a)) && FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        uint value = TChoice.Exact(destination.AsUInt32().ToScalar(), source.AsUInt32().ToScalar(), ref env);
        return destination.AsUInt32().WithElement(0, value).AsByte();
    }
}

/// <summary>MINPS, MAXPS.</summary>
internal readonly struct PackedChoice32<TChoice> : IVectorFloat
    where TChoice : struct, IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = TChoice.Host(destination.AsSingle(), source.AsSingle()).AsByte();
        return FloatChecks.ArePlain(destination.AsUInt32()) && FloatChecks.ArePlain(source.AsUInt32());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            result = result.WithElement(i, TChoice.Exact(destination.AsUInt32().GetElement(i), source.AsUInt32().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}

/// <summary>CMPSS.</summary>
internal readonly struct Cmpss : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float a = destination.AsSingle().ToScalar();
        float b = source.AsSingle().ToScalar();
        FpRelation relation = a < b ? FpRelation.Less : a == b ? FpRelation.Equal : FpRelation.Greater;
        result = destination.AsUInt32().WithElement(0, (uint)ComparePredicate.Mask(immediate, relation)).AsByte();
        return FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(a)) && FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRelation relation = Float32.Compare(destination.AsUInt32().ToScalar(), source.AsUInt32().ToScalar(), ComparePredicate.IsQuiet(immediate), ref env);
        return destination.AsUInt32().WithElement(0, (uint)ComparePredicate.Mask(immediate, relation)).AsByte();
    }
}

/// <summary>CMPPS.</summary>
internal readonly struct Cmpps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = Host(destination.AsSingle(), source.AsSingle(), immediate).AsByte();
        return FloatChecks.ArePlain(destination.AsUInt32()) && FloatChecks.ArePlain(source.AsUInt32());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            FpRelation relation = Float32.Compare(destination.AsUInt32().GetElement(i), source.AsUInt32().GetElement(i), ComparePredicate.IsQuiet(immediate), ref env);
            result = result.WithElement(i, (uint)ComparePredicate.Mask(immediate, relation));
        }

        return result.AsByte();
    }

    /// <summary>The masks for operands without NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Host(Vector128<float> a, Vector128<float> b, byte immediate)
    {
        Vector128<uint> less = Vector128.LessThan(a, b).AsUInt32();
        Vector128<uint> equal = Vector128.Equals(a, b).AsUInt32();
        return (less & Vector128.Create((uint)ComparePredicate.Mask(immediate, FpRelation.Less)))
            | (equal & Vector128.Create((uint)ComparePredicate.Mask(immediate, FpRelation.Equal)))
            | (~(less | equal) & Vector128.Create((uint)ComparePredicate.Mask(immediate, FpRelation.Greater)));
    }
}

/// <summary>COMISS, and UCOMISS, which a quiet NaN does not offend.</summary>
internal readonly struct Comiss<TQuiet> : IVectorFloat
    where TQuiet : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float a = destination.AsSingle().ToScalar();
        float b = source.AsSingle().ToScalar();
        result = FlagWords.Create(zero: a == b, parity: false, carry: a < b);
        return FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(a)) && FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRelation relation = Float32.Compare(destination.AsUInt32().ToScalar(), source.AsUInt32().ToScalar(), TQuiet.Value, ref env);
        return FlagWords.Create(
            zero: relation is FpRelation.Equal or FpRelation.Unordered,
            parity: relation == FpRelation.Unordered,
            carry: relation is FpRelation.Less or FpRelation.Unordered);
    }
}

/// <summary>MINSD, MAXSD: they round nothing, so that only NaNs and denormal numbers need the exact way.</summary>
internal readonly struct ScalarChoice64<TChoice> : IVectorFloat
    where TChoice : struct, IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        double a = destination.AsDouble().ToScalar();
        double b = source.AsDouble().ToScalar();
        result = destination.AsDouble().WithElement(0, TChoice.Host(a, b)).AsByte();
        return FloatChecks.IsPlain(BitConverter.DoubleToUInt64Bits(a)) && FloatChecks.IsPlain(BitConverter.DoubleToUInt64Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        ulong value = TChoice.Exact(destination.AsUInt64().ToScalar(), source.AsUInt64().ToScalar(), ref env);
        return destination.AsUInt64().WithElement(0, value).AsByte();
    }
}

/// <summary>MINPD, MAXPD.</summary>
internal readonly struct PackedChoice64<TChoice> : IVectorFloat
    where TChoice : struct, IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = TChoice.Host(destination.AsDouble(), source.AsDouble()).AsByte();
        return FloatChecks.ArePlain(destination.AsUInt64()) && FloatChecks.ArePlain(source.AsUInt64());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            result = result.WithElement(i, TChoice.Exact(destination.AsUInt64().GetElement(i), source.AsUInt64().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}

/// <summary>CMPSD.</summary>
internal readonly struct Cmpsd : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        double a = destination.AsDouble().ToScalar();
        double b = source.AsDouble().ToScalar();
        FpRelation relation = a < b ? FpRelation.Less : a == b ? FpRelation.Equal : FpRelation.Greater;
        result = destination.AsUInt64().WithElement(0, ComparePredicate.Mask(immediate, relation)).AsByte();
        return FloatChecks.IsPlain(BitConverter.DoubleToUInt64Bits(a)) && FloatChecks.IsPlain(BitConverter.DoubleToUInt64Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRelation relation = Float64.Compare(destination.AsUInt64().ToScalar(), source.AsUInt64().ToScalar(), ComparePredicate.IsQuiet(immediate), ref env);
        return destination.AsUInt64().WithElement(0, ComparePredicate.Mask(immediate, relation)).AsByte();
    }
}

/// <summary>CMPPD.</summary>
internal readonly struct Cmppd : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = Host(destination.AsDouble(), source.AsDouble(), immediate).AsByte();
        return FloatChecks.ArePlain(destination.AsUInt64()) && FloatChecks.ArePlain(source.AsUInt64());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            FpRelation relation = Float64.Compare(destination.AsUInt64().GetElement(i), source.AsUInt64().GetElement(i), ComparePredicate.IsQuiet(immediate), ref env);
            result = result.WithElement(i, ComparePredicate.Mask(immediate, relation));
        }

        return result.AsByte();
    }

    /// <summary>The masks for operands without NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Host(Vector128<double> a, Vector128<double> b, byte immediate)
    {
        Vector128<ulong> less = Vector128.LessThan(a, b).AsUInt64();
        Vector128<ulong> equal = Vector128.Equals(a, b).AsUInt64();
        return (less & Vector128.Create(ComparePredicate.Mask(immediate, FpRelation.Less)))
            | (equal & Vector128.Create(ComparePredicate.Mask(immediate, FpRelation.Equal)))
            | (~(less | equal) & Vector128.Create(ComparePredicate.Mask(immediate, FpRelation.Greater)));
    }
}

/// <summary>COMISD, and UCOMISD, which a quiet NaN does not offend.</summary>
internal readonly struct Comisd<TQuiet> : IVectorFloat
    where TQuiet : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        double a = destination.AsDouble().ToScalar();
        double b = source.AsDouble().ToScalar();
        result = FlagWords.Create(zero: a == b, parity: false, carry: a < b);
        return FloatChecks.IsPlain(BitConverter.DoubleToUInt64Bits(a)) && FloatChecks.IsPlain(BitConverter.DoubleToUInt64Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRelation relation = Float64.Compare(destination.AsUInt64().ToScalar(), source.AsUInt64().ToScalar(), TQuiet.Value, ref env);
        return FlagWords.Create(
            zero: relation is FpRelation.Equal or FpRelation.Unordered,
            parity: relation == FpRelation.Unordered,
            carry: relation is FpRelation.Less or FpRelation.Unordered);
    }
}
