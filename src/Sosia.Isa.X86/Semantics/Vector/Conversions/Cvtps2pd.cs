using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTPS2PD, of the low half.</summary>
internal readonly struct Cvtps2pd : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = Vector128.WidenLower(source.AsSingle()).AsByte();
        return FloatChecks.ArePlain(ZeroUpper.Compute(source).AsUInt32());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.Create(Float32.ToFloat64(source.AsUInt32().ToScalar(), ref env), Float32.ToFloat64(source.AsUInt32().GetElement(1), ref env)).AsByte();
}
