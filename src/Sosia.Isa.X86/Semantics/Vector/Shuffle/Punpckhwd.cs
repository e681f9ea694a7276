using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PUNPCKHWD: words of the high halves, interleaved.</summary>
internal readonly struct Punpckhwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackHigh(destination.AsUInt16(), source.AsUInt16()).AsByte()
            : PortableVector.UnpackHighWords(destination, source);
}
