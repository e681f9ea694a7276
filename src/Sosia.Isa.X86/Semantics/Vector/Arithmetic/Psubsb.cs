using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSUBSB: saturated differences of signed bytes.</summary>
internal readonly struct Psubsb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(destination.AsSByte(), source.AsSByte()).AsByte();
}
