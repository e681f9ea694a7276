using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PACKSSDW: doublewords narrowed to signed words with saturation.</summary>
internal readonly struct Packssdw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.PackSignedSaturate(destination.AsInt32(), source.AsInt32()).AsByte()
            : PortableVector.PackSignedDoublewords(destination, source);
}
