using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PAVGW: averages of unsigned words, rounded up.</summary>
internal readonly struct Pavgw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported ? Sse2.Average(destination.AsUInt16(), source.AsUInt16()).AsByte() : PortableVector.AverageWords(destination, source);
}
