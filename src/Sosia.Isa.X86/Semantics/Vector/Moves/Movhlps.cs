using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVHLPS: the high half of the source under the high half of the destination.</summary>
internal readonly struct Movhlps : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Create(source.GetUpper(), destination.GetUpper());
}
