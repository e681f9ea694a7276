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
