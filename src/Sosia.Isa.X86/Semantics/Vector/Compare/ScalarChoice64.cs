using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

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
