using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PINSRW on MMX registers: the source as one word of the destination.</summary>
internal readonly struct PinsrwMmx : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => destination.AsUInt16().WithElement(immediate & 3, source.AsUInt16().ToScalar()).AsByte();
}
