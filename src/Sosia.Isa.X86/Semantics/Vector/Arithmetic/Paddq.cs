using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PADDQ: sums of quadwords.</summary>
internal readonly struct Paddq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsUInt64() + source.AsUInt64()).AsByte();
}
