using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PACKSSWB: words narrowed to signed bytes with saturation.</summary>
internal readonly struct Packsswb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.PackSignedSaturate(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.PackSignedWords(destination, source);
}
