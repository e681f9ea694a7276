using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

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
