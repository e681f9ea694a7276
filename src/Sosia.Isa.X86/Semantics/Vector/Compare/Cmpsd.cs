using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CMPSD.</summary>
internal readonly struct Cmpsd<TVex> : IVectorFloat
    where TVex : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        double a = destination.AsDouble().ToScalar();
        double b = source.AsDouble().ToScalar();
        FpRelation relation = a < b ? FpRelation.Less : a == b ? FpRelation.Equal : FpRelation.Greater;
        result = destination.AsUInt64().WithElement(0, ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), relation)).AsByte();
        return FloatChecks.IsPlain(BitConverter.DoubleToUInt64Bits(a)) && FloatChecks.IsPlain(BitConverter.DoubleToUInt64Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRelation relation = Float64.Compare(destination.AsUInt64().ToScalar(), source.AsUInt64().ToScalar(), ComparePredicate.IsQuiet(ComparePredicate.Number<TVex>(immediate)), ref env);
        return destination.AsUInt64().WithElement(0, ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), relation)).AsByte();
    }
}
