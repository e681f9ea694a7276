using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>SHUFPD: one quadword of the destination, one of the source.</summary>
internal readonly struct Shufpd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.Create(
            (immediate & 1) == 0 ? destination.GetLower() : destination.GetUpper(),
            (immediate & 2) == 0 ? source.GetLower() : source.GetUpper());
}
