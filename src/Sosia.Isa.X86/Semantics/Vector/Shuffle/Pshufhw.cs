using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSHUFHW: words of the high half picked by the immediate.</summary>
internal readonly struct Pshufhw : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => ByteShift.Shuffle(source, ShuffleControls.HighWords(immediate));
}
