using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVMSKPD: the top bits of the quadwords.</summary>
internal readonly struct Movmskpd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.CreateScalar(source.AsUInt64().ExtractMostSignificantBits()).AsByte();
}
