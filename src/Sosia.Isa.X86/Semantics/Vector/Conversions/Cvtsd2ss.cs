using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

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
