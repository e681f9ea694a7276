using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VINSERTF128, VINSERTI128: the source in one half, the other half of the first operand.</summary>
internal readonly struct Insert128 : IWide
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
        => (immediate & 1) == 0 ? Vector256.Create(source.GetLower(), first.GetUpper()) : Vector256.Create(first.GetLower(), source.GetLower());
}
