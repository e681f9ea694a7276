using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCMPGTB: all ones where signed bytes of the destination are greater.</summary>
internal readonly struct Pcmpgtb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.GreaterThan(destination.AsSByte(), source.AsSByte()).AsByte();
}
