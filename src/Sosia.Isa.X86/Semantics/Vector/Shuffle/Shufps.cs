using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>SHUFPS: two doublewords of the destination, two of the source.</summary>
internal readonly struct Shufps : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<byte> control = ShuffleControls.Doublewords(immediate);
        return Vector128.Create(ByteShift.Shuffle(destination, control).GetLower(), ByteShift.Shuffle(source, control).GetUpper());
    }
}
