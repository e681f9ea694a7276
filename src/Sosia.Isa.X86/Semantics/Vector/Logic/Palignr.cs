using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PALIGNR: 16 bytes out of destination and source side by side.</summary>
internal readonly struct Palignr : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => immediate < 16
            ? ByteShift.Right(source, immediate) | ByteShift.Left(destination, 16 - immediate)
            : ByteShift.Right(destination, immediate - 16);
}
