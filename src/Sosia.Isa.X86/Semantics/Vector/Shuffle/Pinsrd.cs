using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PINSRD: the source as one doubleword of the destination.</summary>
internal readonly struct Pinsrd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => destination.AsUInt32().WithElement(immediate & 3, source.AsUInt32().ToScalar()).AsByte();
}
