using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PACKUSDW: signed doublewords narrowed to unsigned words with saturation.</summary>
internal readonly struct Packusdw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse41.IsSupported
            ? Sse41.PackUnsignedSaturate(destination.AsInt32(), source.AsInt32()).AsByte()
            : PortableVector.PackUnsignedDoublewords(destination, source);
}
