using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTPI2PS: as CVTDQ2PS on two doublewords; the destination's high half stays.</summary>
internal readonly struct Cvtpi2ps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        bool isFast = Cvtdq2ps.TryFast(destination, source, immediate, mxcsr, out Vector128<byte> converted);
        result = MergeLow8.Compute(destination, converted);
        return isFast;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => MergeLow8.Compute(destination, Cvtdq2ps.Exact(destination, source, immediate, ref env));
}
