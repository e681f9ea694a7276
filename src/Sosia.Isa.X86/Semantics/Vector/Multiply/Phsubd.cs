using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PHSUBD: differences of adjacent doublewords, the destination's below the source's.</summary>
internal readonly struct Phsubd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (PortableVector.EvenDoublewords(destination, source) - PortableVector.OddDoublewords(destination, source)).AsByte();
}
