using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMAXUD: larger of unsigned doublewords.</summary>
internal readonly struct Pmaxud : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Max(destination.AsUInt32(), source.AsUInt32()).AsByte();
}
