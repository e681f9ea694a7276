using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTPS2PI and CVTTPS2PI: as CVTPS2DQ on the low half.</summary>
internal readonly struct Cvtps2pi<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        return Cvtps2dq<TTruncate>.TryFast(destination, ZeroUpper.Compute(source), immediate, mxcsr, out result);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Cvtps2dq<TTruncate>.Exact(destination, ZeroUpper.Compute(source), immediate, ref env);
}
