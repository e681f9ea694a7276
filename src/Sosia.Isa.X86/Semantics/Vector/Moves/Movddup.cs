using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVDDUP: the low quadword twice.</summary>
internal readonly struct Movddup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Create(source.GetLower(), source.GetLower());
}
