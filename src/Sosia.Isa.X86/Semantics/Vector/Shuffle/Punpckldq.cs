using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PUNPCKLDQ: doublewords of the low halves, interleaved.</summary>
internal readonly struct Punpckldq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackLow(destination.AsUInt32(), source.AsUInt32()).AsByte()
            : PortableVector.UnpackLowDoublewords(destination, source);
}
