using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCMPEQQ: all ones where quadwords are equal.</summary>
internal readonly struct Pcmpeqq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Equals(destination.AsUInt64(), source.AsUInt64()).AsByte();
}
