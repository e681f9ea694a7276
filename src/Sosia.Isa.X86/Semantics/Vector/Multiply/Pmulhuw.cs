using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMULHUW: high halves of the products of unsigned words.</summary>
internal readonly struct Pmulhuw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.MultiplyHigh(destination.AsUInt16(), source.AsUInt16()).AsByte()
            : PortableVector.MultiplyHighUnsigned(destination, source);
}
