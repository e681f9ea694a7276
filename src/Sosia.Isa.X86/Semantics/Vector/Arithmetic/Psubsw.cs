using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSUBSW: saturated differences of signed words.</summary>
internal readonly struct Psubsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(destination.AsInt16(), source.AsInt16()).AsByte();
}
