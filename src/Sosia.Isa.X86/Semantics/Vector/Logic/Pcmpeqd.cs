using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCMPEQD: all ones where doublewords are equal.</summary>
internal readonly struct Pcmpeqd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Equals(destination.AsUInt32(), source.AsUInt32()).AsByte();
}
