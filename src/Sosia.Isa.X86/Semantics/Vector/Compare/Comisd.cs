using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

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
