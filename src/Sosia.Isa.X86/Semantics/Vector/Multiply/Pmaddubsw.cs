using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMADDUBSW: products of unsigned bytes of the destination and signed ones of the source, adjacent ones summed with saturation.</summary>
internal readonly struct Pmaddubsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Ssse3.IsSupported
            ? Ssse3.MultiplyAddAdjacent(destination, source.AsSByte()).AsByte()
            : PortableVector.MultiplyAddBytes(destination, source);
}
