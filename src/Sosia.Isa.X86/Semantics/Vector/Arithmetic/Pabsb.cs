using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PABSB: magnitudes of bytes; the most negative number stays.</summary>
internal readonly struct Pabsb : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Abs(source.AsSByte()).AsByte();
}
