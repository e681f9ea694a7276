using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PHADDW: sums of adjacent words, the destination's below the source's.</summary>
internal readonly struct Phaddw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (PortableVector.EvenWords(destination, source) + PortableVector.OddWords(destination, source)).AsByte();
}
