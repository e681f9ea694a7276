using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PADDSB: saturated sums of signed bytes.</summary>
internal readonly struct Paddsb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.AddSaturate(destination.AsSByte(), source.AsSByte()).AsByte();
}
