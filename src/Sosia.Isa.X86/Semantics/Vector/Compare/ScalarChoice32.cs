using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MINSS, MAXSS: they round nothing, so that only NaNs and denormal numbers need the exact way.</summary>
internal readonly struct ScalarChoice32<TChoice> : IVectorFloat
    where TChoice : struct, IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float a = destination.AsSingle().ToScalar();
        float b = source.AsSingle().ToScalar();
        result = destination.AsSingle().WithElement(0, TChoice.Host(a, b)).AsByte();
        return FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(a)) && FloatChecks.IsPlain(BitConverter.SingleToUInt32Bits(b));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        uint value = TChoice.Exact(destination.AsUInt32().ToScalar(), source.AsUInt32().ToScalar(), ref env);
        return destination.AsUInt32().WithElement(0, value).AsByte();
    }
}
