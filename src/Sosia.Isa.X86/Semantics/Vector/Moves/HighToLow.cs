using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVHPS and MOVHPD to memory: the high half.</summary>
internal readonly struct HighToLow : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Create(source.GetUpper(), Vector64<byte>.Zero);
}
