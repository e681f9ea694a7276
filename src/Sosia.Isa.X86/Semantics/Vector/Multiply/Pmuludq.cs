using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMULUDQ: products of the even unsigned doublewords.</summary>
internal readonly struct Pmuludq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.Multiply(destination.AsUInt32(), source.AsUInt32()).AsByte()
            : PortableVector.MultiplyEvenUnsigned(destination, source);
}
