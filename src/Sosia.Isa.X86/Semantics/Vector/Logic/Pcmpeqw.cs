using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCMPEQW: all ones where words are equal.</summary>
internal readonly struct Pcmpeqw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Equals(destination.AsUInt16(), source.AsUInt16()).AsByte();
}
