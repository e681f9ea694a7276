using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PBLENDW: words of the source where the immediate's bits are set, else of the destination.</summary>
internal readonly struct Pblendw : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<ushort> bits = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);
        Vector128<ushort> mask = Vector128.Equals(Vector128.Create((ushort)immediate) & bits, bits);
        return Vector128.ConditionalSelect(mask.AsByte(), source, destination);
    }
}
