using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PUNPCKLWD: words of the low halves, interleaved.</summary>
internal readonly struct Punpcklwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackLow(destination.AsUInt16(), source.AsUInt16()).AsByte()
            : PortableVector.UnpackLowWords(destination, source);
}
