using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSUBUSW: saturated differences of unsigned words.</summary>
internal readonly struct Psubusw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(destination.AsUInt16(), source.AsUInt16()).AsByte();
}
