using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VEXTRACTF128, VEXTRACTI128: one half of the source.</summary>
internal readonly struct Extract128 : IWide
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
        => Vector256.Create((immediate & 1) == 0 ? source.GetLower() : source.GetUpper(), Vector128<byte>.Zero);
}
