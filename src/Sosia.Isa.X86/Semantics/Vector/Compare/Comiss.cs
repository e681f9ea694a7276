using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

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
