using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PABSD: magnitudes of doublewords; the most negative number stays.</summary>
internal readonly struct Pabsd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Abs(source.AsInt32()).AsByte();
}
