using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTSI2SS from 64 bits.</summary>
internal readonly struct Cvtsi2ss64 : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        long value = source.AsInt64().ToScalar();
        result = destination.AsSingle().WithElement(0, (float)value).AsByte();
        return value == (short)value || FloatChecks.IsQuiet(mxcsr);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt32().WithElement(0, Float32.FromInt64(source.AsInt64().ToScalar(), ref env)).AsByte();
}
