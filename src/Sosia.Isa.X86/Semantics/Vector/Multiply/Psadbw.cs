using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSADBW: sum of the differences of unsigned bytes, for each 8 bytes.</summary>
internal readonly struct Psadbw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.SumAbsoluteDifferences(destination, source).AsByte()
            : PortableVector.SumAbsoluteDifferences(destination, source);
}
