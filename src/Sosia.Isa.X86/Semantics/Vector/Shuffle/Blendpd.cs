using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>BLENDPD: quadwords of the source where the immediate's bits are set, else of the destination.</summary>
internal readonly struct Blendpd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<ulong> bits = Vector128.Create(1UL, 2UL);
        Vector128<ulong> mask = Vector128.Equals(Vector128.Create((ulong)immediate) & bits, bits);
        return Vector128.ConditionalSelect(mask.AsByte(), source, destination);
    }
}
