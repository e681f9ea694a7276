using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The scalar form of an operation on binary32: ADDSS and its kin.</summary>
internal readonly struct Scalar32<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float b = source.AsSingle().ToScalar();
        float a = TOperation.IsUnary ? b : destination.AsSingle().ToScalar();
        float value = TOperation.Host(a, b);
        result = destination.AsSingle().WithElement(0, value).AsByte();
        uint aBits = BitConverter.SingleToUInt32Bits(a);
        uint bBits = BitConverter.SingleToUInt32Bits(b);
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return FloatChecks.IsQuiet(mxcsr)
            && FloatChecks.IsNotDenormal(bBits)
            && (TOperation.IsUnary || FloatChecks.IsNotDenormal(aBits))
            && (FloatChecks.IsInner(bits)
                || (FloatChecks.IsZero(bits) && TOperation.ZeroIsExact(FloatChecks.IsZero(aBits), FloatChecks.IsZero(bBits))));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        uint value = TOperation.Exact(destination.AsUInt32().ToScalar(), source.AsUInt32().ToScalar(), ref env);
        return destination.AsUInt32().WithElement(0, value).AsByte();
    }
}

/// <summary>The packed form of an operation on binary32: ADDPS and its kin.</summary>
internal readonly struct Packed32<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<float> b = source.AsSingle();
        Vector128<float> a = TOperation.IsUnary ? b : destination.AsSingle();
        Vector128<float> value = TOperation.Host(a, b);
        result = value.AsByte();
        return FloatChecks.IsQuiet(mxcsr)
            && FloatChecks.AreNotDenormal(b.AsUInt32())
            && (TOperation.IsUnary || FloatChecks.AreNotDenormal(a.AsUInt32()))
            && (TOperation.ZeroIsExact(false, false) ? FloatChecks.AreInnerOrZero(value.AsUInt32()) : FloatChecks.AreInner(value.AsUInt32()));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            result = result.WithElement(i, TOperation.Exact(destination.AsUInt32().GetElement(i), source.AsUInt32().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}

/// <summary>The scalar form of an operation on binary64: ADDSD and its kin.</summary>
internal readonly struct Scalar64<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        double b = source.AsDouble().ToScalar();
        double a = TOperation.IsUnary ? b : destination.AsDouble().ToScalar();
        double value = TOperation.Host(a, b);
        result = destination.AsDouble().WithElement(0, value).AsByte();
        ulong aBits = BitConverter.DoubleToUInt64Bits(a);
        ulong bBits = BitConverter.DoubleToUInt64Bits(b);
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        return FloatChecks.IsQuiet(mxcsr)
            && FloatChecks.IsNotDenormal(bBits)
            && (TOperation.IsUnary || FloatChecks.IsNotDenormal(aBits))
            && (FloatChecks.IsInner(bits)
                || (FloatChecks.IsZero(bits) && TOperation.ZeroIsExact(FloatChecks.IsZero(aBits), FloatChecks.IsZero(bBits))));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        ulong value = TOperation.Exact(destination.AsUInt64().ToScalar(), source.AsUInt64().ToScalar(), ref env);
        return destination.AsUInt64().WithElement(0, value).AsByte();
    }
}

/// <summary>The packed form of an operation on binary64: ADDPD and its kin.</summary>
internal readonly struct Packed64<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<double> b = source.AsDouble();
        Vector128<double> a = TOperation.IsUnary ? b : destination.AsDouble();
        Vector128<double> value = TOperation.Host(a, b);
        result = value.AsByte();
        return FloatChecks.IsQuiet(mxcsr)
            && FloatChecks.AreNotDenormal(b.AsUInt64())
            && (TOperation.IsUnary || FloatChecks.AreNotDenormal(a.AsUInt64()))
            && (TOperation.ZeroIsExact(false, false) ? FloatChecks.AreInnerOrZero(value.AsUInt64()) : FloatChecks.AreInner(value.AsUInt64()));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            result = result.WithElement(i, TOperation.Exact(destination.AsUInt64().GetElement(i), source.AsUInt64().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}
