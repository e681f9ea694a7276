using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPERMILPS with a control operand: doublewords of the first, picked by the low two bits of the second's.</summary>
internal readonly struct Permilps : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        // Byte 4n + k is byte k of the doubleword that control n picks.
        Vector128<uint> picked = (source.AsUInt32() & Vector128.Create(3u)) * 0x0404_0404u;
        return ByteShift.Shuffle(destination, (picked + Vector128.Create(0x0302_0100u)).AsByte());
    }
}
