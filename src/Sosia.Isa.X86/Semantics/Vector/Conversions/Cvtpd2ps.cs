using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTPD2PS; the high half of the result is zero.</summary>
internal readonly struct Cvtpd2ps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<float> narrow = Vector128.Narrow(source.AsDouble(), source.AsDouble());
        result = ZeroUpper.Compute(narrow.AsByte());
        return FloatChecks.IsQuiet(mxcsr) && FloatChecks.AreInner(narrow.AsUInt32());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.Create(Float64.ToFloat32(source.AsUInt64().ToScalar(), ref env), Float64.ToFloat32(source.AsUInt64().GetElement(1), ref env), 0, 0).AsByte();
}
