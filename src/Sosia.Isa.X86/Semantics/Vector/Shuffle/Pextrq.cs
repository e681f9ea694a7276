using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PEXTRQ: one quadword of the source.</summary>
internal readonly struct Pextrq : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.AsUInt64().GetElement(immediate & 1)).AsByte();
}
