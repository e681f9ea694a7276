using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMULDQ: products of the even signed doublewords.</summary>
internal readonly struct Pmuldq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse41.IsSupported
            ? Sse41.Multiply(destination.AsInt32(), source.AsInt32()).AsByte()
            : PortableVector.MultiplyEvenSigned(destination, source);
}
