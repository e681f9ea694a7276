using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVMSKPS: the top bits of the doublewords.</summary>
internal readonly struct Movmskps : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.CreateScalar(source.AsUInt32().ExtractMostSignificantBits()).AsByte();
}
