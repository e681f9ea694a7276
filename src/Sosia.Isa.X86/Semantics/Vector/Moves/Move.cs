using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A move of as much as both operands hold; a shorter source is zero-extended.</summary>
internal readonly struct Move : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => source;
}
