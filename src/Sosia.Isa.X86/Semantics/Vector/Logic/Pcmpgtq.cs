using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCMPGTQ: all ones where signed quadwords of the destination are greater.</summary>
internal readonly struct Pcmpgtq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.GreaterThan(destination.AsInt64(), source.AsInt64()).AsByte();
}
