using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVSLDUP: the even doublewords, each twice.</summary>
internal readonly struct Movsldup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Shuffle(source.AsUInt32(), Vector128.Create(0u, 0, 2, 2)).AsByte();
}
