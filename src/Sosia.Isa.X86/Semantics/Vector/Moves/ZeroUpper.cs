using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVQ between XMM registers: the low half, zero-extended.</summary>
internal readonly struct ZeroUpper : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.CreateScalar(source.AsUInt64().ToScalar()).AsByte();
}
