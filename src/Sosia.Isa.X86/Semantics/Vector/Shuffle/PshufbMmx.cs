using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSHUFB on MMX registers: only three bits pick.</summary>
internal readonly struct PshufbMmx : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => ByteShift.Shuffle(destination, source & Vector128.Create((byte)0x87));
}
