using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPERMILPD with an immediate: quadwords of the source picked by its bits.</summary>
internal readonly struct PermilpdImmediate : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Shufpd.Compute(source, source, immediate);
}
