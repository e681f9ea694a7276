using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCMPGTD: all ones where signed doublewords of the destination are greater.</summary>
internal readonly struct Pcmpgtd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.GreaterThan(destination.AsInt32(), source.AsInt32()).AsByte();
}
