using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PINSRQ: the source as one quadword of the destination.</summary>
internal readonly struct Pinsrq : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => destination.AsUInt64().WithElement(immediate & 1, source.AsUInt64().ToScalar()).AsByte();
}
