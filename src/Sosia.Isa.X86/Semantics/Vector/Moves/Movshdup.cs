using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVSHDUP: the odd doublewords, each twice.</summary>
internal readonly struct Movshdup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Shuffle(source.AsUInt32(), Vector128.Create(1u, 1, 3, 3)).AsByte();
}
