using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

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
