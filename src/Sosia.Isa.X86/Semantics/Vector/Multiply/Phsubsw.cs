using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PHSUBSW: saturated differences of adjacent words.</summary>
internal readonly struct Phsubsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(PortableVector.EvenWords(destination, source), PortableVector.OddWords(destination, source)).AsByte();
}
