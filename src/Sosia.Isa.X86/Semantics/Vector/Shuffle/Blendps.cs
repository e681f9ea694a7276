using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>BLENDPS: doublewords of the source where the immediate's bits are set, else of the destination.</summary>
internal readonly struct Blendps : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<uint> bits = Vector128.Create(1u, 2u, 4u, 8u);
        Vector128<uint> mask = Vector128.Equals(Vector128.Create((uint)immediate) & bits, bits);
        return Vector128.ConditionalSelect(mask.AsByte(), source, destination);
    }
}
