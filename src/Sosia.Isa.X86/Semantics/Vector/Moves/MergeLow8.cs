using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVSD and MOVLPD, MOVLPS: the low half of the source under the high half of the destination.</summary>
internal readonly struct MergeLow8 : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Create(source.GetLower(), destination.GetUpper());
}
