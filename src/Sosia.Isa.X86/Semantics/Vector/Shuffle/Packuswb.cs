using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PACKUSWB: signed words narrowed to unsigned bytes with saturation.</summary>
internal readonly struct Packuswb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.PackUnsignedSaturate(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.PackUnsignedWords(destination, source);
}
