using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CMPSS.</summary>
internal readonly struct Cmpss<TVex> : IVectorFloat
    where TVex : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float a = destination.AsSingle().ToScalar();
        float b = source.AsSingle().ToScalar();
        FpRelation relation = a < b ? FpRelation.Less : a == b ? FpRelation.Equal : FpRelation.Greater;
        result = destination.AsUInt32().WithElement(0, (uint)ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), relation)).AsByte();
        return FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(a)) && FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRelation relation = Float32.Compare(destination.AsUInt32().ToScalar(), source.AsUInt32().ToScalar(), ComparePredicate.IsQuiet(ComparePredicate.Number<TVex>(immediate)), ref env);
        return destination.AsUInt32().WithElement(0, (uint)ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), relation)).AsByte();
    }
}
