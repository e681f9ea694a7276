using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMULHW: high halves of the products of signed words.</summary>
internal readonly struct Pmulhw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.MultiplyHigh(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.MultiplyHighSigned(destination, source);
}
