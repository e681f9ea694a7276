using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMADDWD: products of signed words, adjacent ones summed.</summary>
internal readonly struct Pmaddwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.MultiplyAddAdjacent(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.MultiplyAddWords(destination, source);
}
