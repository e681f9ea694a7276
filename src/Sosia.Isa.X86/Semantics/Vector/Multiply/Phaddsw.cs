using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PHADDSW: saturated sums of adjacent words.</summary>
internal readonly struct Phaddsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.AddSaturate(PortableVector.EvenWords(destination, source), PortableVector.OddWords(destination, source)).AsByte();
}
