using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMOVMSKB: the top bits of the bytes.</summary>
internal readonly struct Pmovmskb : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.CreateScalar(source.ExtractMostSignificantBits()).AsByte();
}
