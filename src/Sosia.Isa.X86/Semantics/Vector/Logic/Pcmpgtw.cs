using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCMPGTW: all ones where signed words of the destination are greater.</summary>
internal readonly struct Pcmpgtw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.GreaterThan(destination.AsInt16(), source.AsInt16()).AsByte();
}
