using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTSI2SD from 64 bits.</summary>
internal readonly struct Cvtsi2sd64 : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        long value = source.AsInt64().ToScalar();
        result = destination.AsDouble().WithElement(0, (double)value).AsByte();
        return value == (int)value || FloatChecks.IsQuiet(mxcsr);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt64().WithElement(0, Float64.FromInt64(source.AsInt64().ToScalar(), ref env)).AsByte();
}
